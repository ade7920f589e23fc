/** Label and field selectors of lists and watches. */
import type { JsonObject } from "../../model/json.ts";
import { badRequest, notModelled } from "../status-failure.ts";
import { metadataOf, objectOf, textOf } from "../stored-object.ts";

type Requirement = (labels: JsonObject) => boolean;

/** What a list or watch selects. */
export interface Selection {
  readonly labels: readonly Requirement[];
  readonly fields: readonly FieldRequirement[];
}

interface FieldRequirement {
  readonly path: readonly string[];
  readonly value: string;
  readonly isEqual: boolean;
}

const everything: Selection = { labels: [], fields: [] };

/** Reads `labelSelector` and `fieldSelector`; a 400 when one cannot be read or the field is not selectable. */
export function readSelection(query: URLSearchParams, kind: string): Selection {
  const labels = query.get("labelSelector") ?? "";
  const fields = query.get("fieldSelector") ?? "";
  if (labels === "" && fields === "") return everything;
  return { labels: splitSelector(labels).map(labelRequirement), fields: fieldsOf(fields, kind) };
}

/** Whether an object is selected. */
export function isSelected(object: JsonObject, { labels, fields }: Selection): boolean {
  if (labels.length > 0) {
    const own = objectOf(metadataOf(object)["labels"]);
    if (!labels.every((requirement) => requirement(own))) return false;
  }
  return fields.every(({ path, value, isEqual }) => {
    let found: JsonObject = object;
    for (const field of path.slice(0, -1)) found = objectOf(found[field]);
    return (textOf(found[path.at(-1) ?? ""]) === value) === isEqual;
  });
}

/** Whether labels fulfil a `LabelSelector` object (`matchLabels`, `matchExpressions`). */
export function matchesLabelSelector(selector: JsonObject, labels: JsonObject): boolean {
  const equal = Object.entries(objectOf(selector["matchLabels"]));
  if (!equal.every(([key, value]) => labels[key] === value)) return false;
  const expressions = selector["matchExpressions"];
  if (!Array.isArray(expressions)) return true;
  return expressions.every((expression: JsonObject) => {
    const key = textOf(expression["key"]);
    const values = Array.isArray(expression["values"]) ? expression["values"] : [];
    const isIn = values.includes(labels[key]);
    const operator = expression["operator"];
    if (operator === "In") return isIn;
    if (operator === "NotIn") return !isIn;
    return (operator === "Exists") === Object.hasOwn(labels, key);
  });
}

/** Commas within parentheses belong to a list of values. */
function splitSelector(text: string): string[] {
  return text === "" ? [] : text.split(/,(?![^(]*\))/).map((part) => part.trim());
}

/** `key>1` and `key<1` compare numbers on a real server; no key or value has a character beyond these. */
function labelRequirement(text: string): Requirement {
  if (/[^\w.\-/\s=!,()]/.test(text)) throw notModelled(`the label selector ${text}`);
  const found = setRequirement(text) ?? equalityRequirement(text) ?? existenceRequirement(text);
  if (found === undefined) throw badRequest(`unable to parse requirement: ${text}`);
  return found;
}

/** `key in (a,b)`, `key notin (a,b)`. */
function setRequirement(text: string): Requirement | undefined {
  const set = /^(?<key>\S+)\s+(?<not>not)?in\s*\((?<values>[^)]*)\)$/.exec(text)?.groups;
  if (set === undefined) return undefined;
  const { key = "", not } = set;
  const values = (set["values"] ?? "").split(",").map((value) => value.trim());
  const isIn = (labels: JsonObject): boolean =>
    Object.hasOwn(labels, key) && values.includes(textOf(labels[key]));
  return not === undefined ? isIn : (labels) => !isIn(labels);
}

function equalityRequirement(text: string): Requirement | undefined {
  const pattern = /^(?<key>[^=!\s]+)\s*(?<operator>==?|!=)\s*(?<value>[^=!\s]*)$/;
  const equality = pattern.exec(text)?.groups;
  if (equality === undefined) return undefined;
  const { key = "", value = "", operator } = equality;
  return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
}

function existenceRequirement(text: string): Requirement | undefined {
  const existence = /^(?<not>!)?\s*(?<key>[^=!\s()]+)$/.exec(text)?.groups;
  if (existence === undefined) return undefined;
  const { key = "", not } = existence;
  return (labels) => Object.hasOwn(labels, key) === (not === undefined);
}

/** Beside name and namespace, which all kinds have. */
const selectable: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec.nodeName", "spec.restartPolicy", "status.phase", "spec.schedulerName"],
  Namespace: ["status.phase"],
  Secret: ["type"],
  Job: ["status.successful"],
  Node: ["spec.unschedulable"],
};

function fieldsOf(text: string, kind: string): FieldRequirement[] {
  if (text === "") return [];
  return text.split(",").map((part) => {
    const match = /^(?<path>[^=!]+)(?<operator>==?|!=)(?<value>.*)$/.exec(part)?.groups;
    if (match === undefined)
      throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    const { path = "", operator, value = "" } = match;
    const known = ["metadata.name", "metadata.namespace", ...(selectable[kind] ?? [])];
    if (!known.includes(path)) throw badRequest(`field label not supported: ${path}`);
    return { path: path.split("."), value, isEqual: operator !== "!=" };
  });
}
