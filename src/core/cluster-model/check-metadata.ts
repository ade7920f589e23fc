/** What Kubernetes demands of names, labels and annotations. */
import type { JsonObject } from "../model/json.ts";
import { labelKeyProblem, labelValueProblem } from "../select/label-syntax.ts";
import type { ResourceType } from "./resource-types.ts";
import { type Cause, invalidValue } from "./status-failure.ts";
import { type StoredObject, objectOf, textOf } from "./stored-object.ts";

interface NameRule {
  readonly pattern: RegExp;
  readonly maxLength: number;
  readonly says: string;
}

const subdomain: NameRule = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  maxLength: 253,
  says: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
};
const label: NameRule = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  maxLength: 63,
  says: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
};
const service: NameRule = {
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  maxLength: 63,
  says: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
};
const pathSegment: NameRule = {
  pattern: /^(?!\.{1,2}$)[^/%]+$/,
  maxLength: Number.POSITIVE_INFINITY,
  says: "may not be '.' or '..' or contain '/' or '%'",
};

function nameRule({ group, kind }: ResourceType): NameRule {
  if (group === "rbac.authorization.k8s.io") return pathSegment;
  if (kind === "Namespace") return label;
  return kind === "Service" ? service : subdomain;
}

/** What is wrong with an object's metadata. */
export function checkMetadata(object: StoredObject, type: ResourceType): Cause[] {
  const { name, labels, annotations } = object.metadata;
  return [
    ...checkName(name, nameRule(type)),
    ...checkLabels(objectOf(labels), "metadata.labels"),
    ...checkAnnotations(objectOf(annotations)),
  ];
}

function checkName(name: string, { pattern, maxLength, says }: NameRule): Cause[] {
  const field = "metadata.name";
  if (name.length > maxLength) {
    return [invalidValue(field, name, `must be no more than ${maxLength} characters`)];
  }
  return pattern.test(name) ? [] : [invalidValue(field, name, says)];
}

/** What is wrong with a map of labels. */
function checkLabels(labels: JsonObject, field: string): Cause[] {
  const causes: Cause[] = [];
  for (const [key, value] of Object.entries(labels)) {
    const keyProblem = labelKeyProblem(key);
    if (keyProblem !== undefined) causes.push(invalidValue(field, key, keyProblem));
    const valueProblem = labelValueProblem(textOf(value));
    if (valueProblem !== undefined) causes.push(invalidValue(field, value, valueProblem));
  }
  return causes;
}

const maxAnnotations = 256 * 1024;

function checkAnnotations(annotations: JsonObject): Cause[] {
  const causes: Cause[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    size += key.length + textOf(value).length;
    const problem = labelKeyProblem(key.toLowerCase());
    if (problem !== undefined) causes.push(invalidValue("metadata.annotations", key, problem));
  }
  if (size <= maxAnnotations) return causes;
  const message = `Too long: may not be more than ${maxAnnotations} bytes`;
  return [...causes, { reason: "FieldValueTooLong", message, field: "metadata.annotations" }];
}
