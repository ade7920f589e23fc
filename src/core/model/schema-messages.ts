import type { ErrorObject } from "ajv";
import { closestName } from "./closest-name.ts";
import type { Diagnostic, DiagnosticCode } from "./diagnostic.ts";
import { type KindName, kinds } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import { isPlannedField, isPlannedValue } from "./planned.ts";
import { shortText } from "./short-text.ts";

/** An error of ajv in verbose form. */
export type SchemaError = ErrorObject<string, Record<string, unknown>>;

/** The hint of everything that a later version carries out. */
export const plannedHint = "it is planned and not carried out yet; leave it out";

/** Words for the schemas that have a `title`. */
const expectedByTitle: Readonly<Record<string, string>> = {
  name: "a name of lower case letters, digits and single dashes, at most 63 characters",
  namespace: "a namespace of lower case letters, digits and dashes, at most 63 characters",
  duration: "a time span such as `90s`, `5m`, `1h30m` or `500ms`",
  "object name": "a name of lower case letters, digits, `-` and `.`, at most 253 characters",
  "object name or expression":
    "a name of lower case letters, digits, `-` and `.`, or a text with an expression such as `db-${site.name}`",
  "time of day": "a time of day such as `02:00`",
  "local time": "a date such as `2026-12-24`, or with a time `2026-12-24T18:00`",
  "time zone": "a time zone such as `Europe/Berlin`",
  "number or percentage": 'a number of sites, or a percentage of them such as "10%"',
  "number or expression": "a whole number, or one expression such as `${values.replicas}`",
  selector: "a selector, as text or as matchLabels and matchExpressions",
  "JSON pointer": "a JSON pointer such as `/spec/replicas`",
  digest: "a digest such as `sha256:0123…`",
  reason: "a text that says why, of at most 2000 characters",
  path: "a path from the root of the repository",
  URL: "a URL without credentials such as `https://example.com/charts`",
  address: "a host name or IP address, without scheme",
};

const typeWords: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "a mapping",
  array: "a list",
};

type Wording = Pick<Diagnostic, "code" | "message" | "hint">;

interface Mistake {
  readonly error: SchemaError;
  readonly kind: KindName;
  readonly path: readonly string[];
}

/** The errors without fields that are missing only because they stand there misspelt. */
export function withoutMisspelt(errors: readonly SchemaError[]): readonly SchemaError[] {
  const meant = new Set(
    errors.flatMap((error) => {
      if (error.keyword !== "additionalProperties") return [];
      const near = closestName(String(error.params["additionalProperty"]), knownFields(error));
      return near === undefined ? [] : [`${error.instancePath}/${near}`];
    }),
  );
  if (meant.size === 0) return errors;
  return errors.filter(
    ({ keyword, instancePath, params }) =>
      keyword !== "required" || !meant.has(`${instancePath}/${String(params["missingProperty"])}`),
  );
}

/** One error of a schema as a diagnostic. */
export function describeSchemaError(
  error: SchemaError,
  kind: KindName,
  document: YamlDocument,
): Diagnostic {
  const path = pointerPath(error.instancePath);
  const mistake: Mistake = { error, kind, path };
  const severity = "error";
  switch (error.keyword) {
    case "additionalProperties": {
      const field = String(error.params["additionalProperty"]);
      return { ...document.keyAt([...path, field]), severity, ...unknownField(mistake, field) };
    }
    case "required":
      return { ...document.keyAt(path), severity, ...missingField(mistake) };
    case "uniqueItems": {
      const index = Math.max(Number(error.params["i"]), Number(error.params["j"]));
      return { ...document.at([...path, index]), severity, ...listedTwice(mistake, index) };
    }
    default: {
      // A number as it is written: `1.10` is another version than 1.1.
      const source = shortText(document.sourceAt(path) ?? String(error.data));
      return { ...document.at(path), severity, ...wrongValue(mistake, source) };
    }
  }
}

function unknownField({ error, kind, path }: Mistake, field: string): Wording {
  const message = `unknown field "${shortText(field)}"${within(path)}`;
  const code = "unknown-field";
  const namedPath = [...path, field].filter((part) => !/^\d+$/.test(part));
  if (isPlannedField(kind, namedPath)) return { code, message, hint: plannedHint };
  if (field === "<<") {
    return { code, message, hint: "merge keys are not read; write the fields out" };
  }
  const known = knownFields(error);
  const near = closestName(field, known);
  if (near !== undefined) return { code, message, hint: `did you mean "${near}"?` };
  const elsewhere = placesOf(kind, field);
  if (elsewhere !== undefined) return { code, message, hint: `did you mean "${elsewhere}"?` };
  const hint = isLabelOfSelector(error, known, field)
    ? "put labels below `matchLabels`, or write it as text: `a=b,c=d`"
    : `known here: ${known.join(", ")}`;
  return { code, message, hint };
}

/** `selector: { tier: shop }`: all that it says are texts by names. */
function isLabelOfSelector(
  { data }: SchemaError,
  known: readonly string[],
  field: string,
): boolean {
  if (!known.includes("matchLabels") || isRequirement.test(field)) return false;
  return Object.values(data ?? {}).every((value) => typeof value === "string");
}

/** Fields of an entry of `matchExpressions`. */
const isRequirement = /^(key|operator|values)$/;

function knownFields({ parentSchema }: SchemaError): string[] {
  return Object.keys((parentSchema?.["properties"] ?? {}) as object); // an object schema
}

/** The same field where it belongs: one that users put into metadata, spec or the root by mistake. */
function placesOf(kind: KindName, field: string): string | undefined {
  const { properties } = kinds[kind];
  if (Object.hasOwn(properties, field)) return field;
  if (Object.hasOwn(properties.spec.properties, field)) return `spec.${field}`;
  if (Object.hasOwn(properties.metadata.properties, field)) return `metadata.${field}`;
  return undefined;
}

function missingField({ error, path }: Mistake): Wording {
  const field = String(error.params["missingProperty"]);
  const properties = (error.parentSchema?.["properties"] ?? {}) as Record<
    string,
    { readonly description?: string }
  >; // an object schema
  const description = properties[field]?.description;
  return {
    code: "missing-field",
    message: `missing field "${field}"${within(path)}`,
    hint: `add \`${field}\`${description === undefined ? "" : `: ${description}`}`,
  };
}

function listedTwice({ error, path }: Mistake, index: number): Wording {
  const item = Array.isArray(error.data) ? (error.data as unknown[])[index] : undefined;
  return {
    code: "invalid-value",
    message: `${describeValue(item, String(item))} stands twice in ${fieldName(path)}`,
    hint: "remove one of the two",
  };
}

function wrongValue(mistake: Mistake, source: string): Wording {
  const { error, kind, path } = mistake;
  const code = codeOf(error);
  const message = `expected ${expected(error)}${forField(path)}, found ${describeValue(error.data, source)}`;
  const namedPath = path.filter((part) => !/^\d+$/.test(part));
  if (isPlannedValue(kind, namedPath, error.data)) return { code, message, hint: plannedHint };
  const hint = hintFor(error, source);
  return hint === undefined ? { code, message } : { code, message, hint };
}

function codeOf({ keyword, parentSchema }: SchemaError): DiagnosticCode {
  const isForm = keyword === "pattern" || keyword === "maxLength";
  return isForm && parentSchema?.["title"] === "name" ? "invalid-name" : "invalid-value";
}

function expected(error: SchemaError): string {
  const words = expectedByTitle[String(error.parentSchema?.["title"])];
  const form = expectedByKeyword[error.keyword];
  if (form === undefined) return words ?? "another value";
  return form(error.params, words);
}

type Params = SchemaError["params"];

const limit = ({ limit: bound }: Params): string => String(bound);

const allowedValues = (params: Params): string[] =>
  (params["allowedValues"] as unknown[]).map(String); // ajv: the list of an `enum`

/** What each keyword of a schema asks for; `words`: those of the schema's title. */
const expectedByKeyword: Readonly<Record<string, (params: Params, words?: string) => string>> = {
  type: ({ type }, words) => words ?? typeWords[String(type)] ?? String(type),
  enum: (params) => `one of ${allowedValues(params).join(", ")}`,
  const: ({ allowedValue }) => String(allowedValue),
  minimum: (params) => `at least ${limit(params)}`,
  maximum: (params) => `at most ${limit(params)}`,
  minItems: (params) => `a list of at least ${limit(params)}`,
  minLength: (_, words) => words ?? "a text that is not empty",
  pattern: ({ pattern }, words) => words ?? `text like ${String(pattern)}`,
};

function hintFor(error: SchemaError, source: string): string | undefined {
  const { keyword, params, data } = error;
  if (keyword === "enum" && typeof data === "string") {
    const near = closestName(data, allowedValues(params));
    return near === undefined ? undefined : `did you mean "${near}"?`;
  }
  if (keyword === "const" && params["allowedValue"] === true) return "leave the field out instead";
  if (keyword !== "type") return undefined;
  return params["type"] === "array" ? listHint(error, source) : typeHint(error, source);
}

function typeHint({ params, data, parentSchema }: SchemaError, source: string): string | undefined {
  const { type } = params;
  if (type === "object" && data === null) return "write `{}` where there is nothing to say";
  if (type !== "string") return undefined;
  if (parentSchema?.["title"] === "duration" && typeof data === "number") {
    return `write it with its unit: ${data}s`;
  }
  if (data === null) return 'write a value, or "" for the empty text';
  const isScalar = typeof data === "number" || typeof data === "boolean";
  return isScalar ? `write it in quotes: "${source}"` : undefined;
}

/** For one text where a list of texts belongs. */
function listHint({ data, parentSchema }: SchemaError, source: string): string | undefined {
  const items = (parentSchema?.["items"] ?? {}) as { readonly type?: unknown }; // a list's schema
  if (typeof data !== "string" || items.type !== "string") return undefined;
  // Only what stands in a list as it stands alone.
  return /^[\w./-]+(, ?[\w./-]+)*$/.test(source) ? `write it as a list: [${source}]` : undefined;
}

/** A value as messages show it: short, with its type where that is the mistake. */
function describeValue(value: unknown, source: string): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "number" || typeof value === "boolean") {
    return `the ${typeof value} ${source}`;
  }
  if (typeof value !== "string") return "another value";
  return `"${shortText(value)}"`;
}

function within(path: readonly string[]): string {
  return path.length === 0 ? "" : ` in ${fieldName(path)}`;
}

function forField(path: readonly string[]): string {
  return path.length === 0 ? "" : ` for ${fieldName(path)}`;
}

/** `spec.stages[0].soak`; a part that is no plain word in brackets and quotes. */
export function fieldName(path: readonly (string | number)[]): string {
  let name = "";
  for (const part of path.map((each) => shortText(String(each)))) {
    if (/^\d+$/.test(part)) name += `[${part}]`;
    else if (/^[A-Za-z_]\w*$/.test(part)) name += name === "" ? part : `.${part}`;
    else name += `["${part}"]`;
  }
  return name;
}

/** The steps of a JSON pointer. */
export function pointerPath(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
