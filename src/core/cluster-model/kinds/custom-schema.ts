/**
 * Structural schemas of CRDs: defaults, pruning of fields that are not declared, and the checks of OpenAPI v3. CEL
 * rules (`x-kubernetes-validations`) are not evaluated.
 */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { type Cause, invalidValue, requiredValue } from "../status-failure.ts";
import { numberOf, objectOf, textOf, textsOf } from "../stored-object.ts";

/** The value with the schema's defaults where it says nothing. */
export function withSchemaDefaults(value: Json, schema: JsonObject): Json {
  if (Array.isArray(value)) {
    const items = objectOf(schema["items"]);
    return value.map((item: Json) => withSchemaDefaults(item, items));
  }
  if (!isJsonObject(value)) return value;
  const result: Record<string, Json> = { ...value };
  const properties = objectOf(schema["properties"]);
  for (const [name, property] of Object.entries(properties)) {
    const start = startValue(result[name], objectOf(property));
    if (start !== undefined) result[name] = withSchemaDefaults(start, objectOf(property));
  }
  const values = schema["additionalProperties"];
  if (!isJsonObject(values)) return result;
  for (const [name, member] of Object.entries(result)) {
    if (properties[name] === undefined) result[name] = withSchemaDefaults(member, values);
  }
  return result;
}

/** A null that may not be one is the default, where there is one. */
function startValue(value: Json | undefined, schema: JsonObject): Json | undefined {
  const fallback = schema["default"];
  if (value === undefined) return fallback;
  const isWrongNull = value === null && schema["nullable"] !== true;
  return isWrongNull ? (fallback ?? value) : value;
}

/** The value without the fields that the schema does not declare; their paths go to `pruned`. */
export function pruneUnknown(
  value: Json,
  schema: JsonObject,
  at: { readonly path: string; readonly pruned: string[] },
): Json {
  const inside = (name: string): typeof at => ({
    path: at.path === "" ? name : `${at.path}.${name}`,
    pruned: at.pruned,
  });
  if (Array.isArray(value)) {
    const items = objectOf(schema["items"]);
    return value.map((item: Json, i) =>
      pruneUnknown(item, items, { path: `${at.path}[${i}]`, pruned: at.pruned }),
    );
  }
  if (!isJsonObject(value)) return value;
  const known = declaredFields(schema, at.path === "");
  const keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const values = schema["additionalProperties"];
  const kept = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    const inner = known[name] ?? (isJsonObject(values) ? values : undefined);
    if (inner === true || (inner === undefined && (keepsUnknown || values === true))) {
      return [[name, member]];
    }
    if (inner !== undefined) return [[name, pruneUnknown(member, objectOf(inner), inside(name))]];
    at.pruned.push(inside(name).path);
    return [];
  });
  return Object.fromEntries(kept);
}

/** Fields of the server's own are declared nowhere and always kept (`true`). */
function declaredFields(
  schema: JsonObject,
  isRoot: boolean,
): Readonly<Record<string, Json | undefined>> {
  const isObject = isRoot || schema["x-kubernetes-embedded-resource"] === true;
  return {
    ...objectOf(schema["properties"]),
    ...(isObject && { apiVersion: true, kind: true, metadata: true }),
  };
}

/** What is wrong with a value by its schema. */
export function checkSchema(value: Json, schema: JsonObject, path: string): Cause[] {
  const wrongType = checkType(value, schema, path);
  if (wrongType !== undefined) return [wrongType];
  if (value === null) return [];
  return [
    ...checkScalar(value, schema, path),
    ...checkCombined(value, schema, path),
    ...(Array.isArray(value) ? checkItems(value, schema, path) : []),
    ...(isJsonObject(value) ? checkMembers(value, schema, path) : []),
  ];
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function checkType(value: Json, schema: JsonObject, path: string): Cause | undefined {
  const found = typeOf(value);
  if (schema["x-kubernetes-int-or-string"] === true) {
    return found === "integer" || found === "string"
      ? undefined
      : typeCause({ path, found, wanted: "integer,string" });
  }
  const wanted = textOf(schema["type"]);
  const fits =
    wanted === "" ||
    found === wanted ||
    (wanted === "number" && found === "integer") ||
    (found === "null" && schema["nullable"] === true);
  return fits ? undefined : typeCause({ path, found, wanted });
}

function typeCause(about: { path: string; found: string; wanted: string }): Cause {
  const { path, found, wanted } = about;
  const message = `Invalid value: "${found}": ${path} in body must be of type ${wanted}: "${found}"`;
  return { reason: "FieldValueTypeInvalid", message, field: path };
}

function checkScalar(value: Json, schema: JsonObject, path: string): Cause[] {
  const causes: Cause[] = [];
  const allowed = schema["enum"];
  if (Array.isArray(allowed) && !allowed.includes(value)) {
    const choices = allowed.map((choice: Json) => JSON.stringify(choice)).join(", ");
    causes.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${choices}`,
      field: path,
    });
  }
  const fail = (why: string): void =>
    void causes.push(invalidValue(path, value, `${path} in body ${why}`));
  if (typeof value === "number") checkNumber(value, schema, fail);
  if (typeof value === "string") checkText(value, schema, fail);
  return causes;
}

type Fail = (why: string) => void;

function checkNumber(value: number, schema: JsonObject, fail: Fail): void {
  const minimum = numberOf(schema["minimum"], Number.NEGATIVE_INFINITY);
  const maximum = numberOf(schema["maximum"], Number.POSITIVE_INFINITY);
  if (value < minimum) fail(`should be greater than or equal to ${minimum}`);
  if (value > maximum) fail(`should be less than or equal to ${maximum}`);
}

function checkText(value: string, schema: JsonObject, fail: Fail): void {
  const minLength = numberOf(schema["minLength"]);
  const maxLength = numberOf(schema["maxLength"], Number.POSITIVE_INFINITY);
  if (value.length < minLength) fail(`should be at least ${minLength} chars long`);
  if (value.length > maxLength) fail(`may not be more than ${maxLength} bytes`);
  const pattern = textOf(schema["pattern"]);
  if (pattern !== "" && !new RegExp(pattern, "u").test(value)) fail(`should match '${pattern}'`);
}

function checkCombined(value: Json, schema: JsonObject, path: string): Cause[] {
  const holds = (one: Json): boolean => checkSchema(value, objectOf(one), path).length === 0;
  const list = (word: string): readonly Json[] => {
    const found = schema[word];
    return Array.isArray(found) ? found : [];
  };
  const all = list("allOf").flatMap((one) => checkSchema(value, objectOf(one), path));
  const fail = (why: string): Cause => invalidValue(path, value, `${path} in body ${why}`);
  const any = list("anyOf");
  if (any.length > 0 && !any.some(holds))
    all.push(fail("must validate at least one schema (anyOf)"));
  const one = list("oneOf");
  if (one.length > 0 && one.filter(holds).length !== 1) {
    all.push(fail("must validate one and only one schema (oneOf)"));
  }
  if (schema["not"] !== undefined && holds(schema["not"])) {
    all.push(fail("must not validate the schema (not)"));
  }
  return all;
}

function checkItems(value: readonly Json[], schema: JsonObject, path: string): Cause[] {
  const causes: Cause[] = [];
  const minItems = numberOf(schema["minItems"]);
  const maxItems = numberOf(schema["maxItems"], Number.POSITIVE_INFINITY);
  if (value.length < minItems) {
    causes.push(
      invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`),
    );
  }
  if (value.length > maxItems) {
    const message = `Too many: ${value.length}: must have at most ${maxItems} items`;
    causes.push({ reason: "FieldValueTooMany", message, field: path });
  }
  const items = objectOf(schema["items"]);
  for (const [i, item] of value.entries())
    causes.push(...checkSchema(item, items, `${path}[${i}]`));
  return causes;
}

function checkMembers(value: JsonObject, schema: JsonObject, path: string): Cause[] {
  const inside = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const missing = textsOf(schema["required"]).filter((name) => value[name] === undefined);
  const causes = missing.map((name) => requiredValue(inside(name)));
  const properties = objectOf(schema["properties"]);
  const values = schema["additionalProperties"];
  for (const [name, member] of Object.entries(value)) {
    if (path === "" && name === "metadata") continue;
    const inner = properties[name] ?? (isJsonObject(values) ? values : undefined);
    if (inner !== undefined) causes.push(...checkSchema(member, objectOf(inner), inside(name)));
  }
  return causes;
}
