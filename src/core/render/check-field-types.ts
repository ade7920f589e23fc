/**
 * Fields of Kubernetes' own kinds that an API server refuses when they are applied: of a wrong type, of a name that it does
 * not know, entries of a list that are there twice. Looked at behind all overlays; custom resources are left to their
 * definitions. All of it are warnings: what we know is one version of Kubernetes, and a mistake holds a whole commit.
 */
import { apiTables, builtInSchemas } from "../cluster-model/ownership/built-in-schemas.ts";
import type {
  FieldType,
  ListType,
  MapType,
  ScalarKind,
} from "../cluster-model/ownership/schema.ts";
import { closestName } from "../model/closest-name.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { describeKey, groupOf, isSecret } from "../model/kube-object.ts";
import { regionField } from "../secrets/region-secret.ts";
import { sopsField } from "../secrets/sops-file.ts";
import { shownType } from "./manifest-objects.ts";
import { shortText } from "../model/short-text.ts";
import { mostProblems, warning } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { placeOfField } from "./place-of-field.ts";
import type { FieldPath } from "./read-yaml.ts";

/** Of which the fields are known. */
const minor = apiTables.version.replace(/^v(\d+\.\d+).*$/, "$1");

const builtIn = builtInSchemas();

/** What is wrong with the fields of an object. */
export function checkFieldTypes(source: SourceObject): readonly Diagnostic[] {
  const { apiVersion, kind } = source.object;
  // What a worker puts in, or opens, is no field of the kind.
  if ([regionField, sopsField].some((field) => source.object[field] !== undefined)) return [];
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  const schema = builtIn.schemaFor(groupOf(apiVersion), version, kind);
  if (schema === undefined) return [];
  const walk = new FieldWalk(source);
  walk.check(source.object, schema.type);
  return walk.problems;
}

class FieldWalk {
  readonly problems: Diagnostic[] = [];
  readonly #source: SourceObject;
  /** Where the walk is. */
  readonly #path: (string | number)[] = [];

  constructor(source: SourceObject) {
    this.#source = source;
  }

  get #isFull(): boolean {
    return this.problems.length >= mostProblems;
  }

  check(value: Json, type: FieldType): void {
    if (value === null || this.#isFull) return;
    if (Array.isArray(value) && type.list !== undefined) this.#checkList(value, type.list);
    else if (isJsonObject(value) && type.map !== undefined) this.#checkMap(value, type.map);
    else this.#checkScalar(value, type);
  }

  #checkScalar(value: Json, type: FieldType): void {
    if (!fitsScalar(value, type.scalar)) {
      this.#tell(`must be ${wanted(type)}, not ${shownType(value, this.#source.object)}`);
    } else if (type.scalar === "quantity" && !isQuantity(value)) {
      this.#tell(`must be a quantity such as 500m or 1Gi, not ${this.#shown(value)}`);
    } else if (isWhole(type.scalar) && !Number.isInteger(value)) {
      this.#tell(`must be a whole number, not ${this.#shown(value)}`);
    }
  }

  #checkMap(value: JsonObject, map: MapType): void {
    for (const [key, member] of Object.entries(value)) {
      if (this.#isFull) return;
      const type = map.fields.get(key)?.type ?? map.values;
      this.#path.push(key);
      if (type === undefined) this.#unknown(key, map);
      else this.check(member, type);
      this.#path.pop();
    }
  }

  #checkList(value: readonly Json[], list: ListType): void {
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      if (this.#isFull) return;
      const id = value.length === 1 ? undefined : idOf(item, list);
      this.#path.push(index);
      if (id !== undefined && seen.has(id)) {
        this.#tell(`is there a second time, with the same ${keyWords(list)}`);
      }
      if (id !== undefined) seen.add(id);
      this.check(item, list.items);
      this.#path.pop();
    }
  }

  /** The value for a message; of what is no plain value, and of everything in a Secret, what it is. */
  #shown(value: Json): string {
    const { object } = this.#source;
    const isShown = typeof value === "string" && !isSecret(object);
    return isShown ? JSON.stringify(shortText(value)) : shownType(value, object);
  }

  #tell(words: string): void {
    const message = `${describeKey(this.#source.key)}: ${fieldName(this.#path)} ${words}`;
    const place = placeOfField(this.#source, this.#path);
    this.problems.push(warning(place, { code: "refused-object", message }));
  }

  #unknown(name: string, map: MapType): void {
    const { key } = this.#source;
    const near = closestName(name, map.fields.keys());
    const message = `${describeKey(key)}: Kubernetes ${minor} knows no field ${fieldName(this.#path)}, and refuses it`;
    const hint = near === undefined ? "remove it" : `did you mean ${near}?`;
    const place = placeOfField(this.#source, this.#path, true);
    this.problems.push(warning(place, { code: "refused-object", message, hint }));
  }
}

/** What tells an item from others of its list; undefined where two may be alike, or where its keys are no matter of ours. */
function idOf(item: Json, list: ListType): string | undefined {
  if (list.merge === "set") return canonicalJson(item);
  if (list.merge !== "map" || !isJsonObject(item)) return undefined;
  const values = list.keys.map((key) => item[key] ?? list.defaults[key]);
  return values.includes(undefined) ? undefined : JSON.stringify(values);
}

function keyWords({ merge, keys }: ListType): string {
  return merge === "set" ? "value" : keys.join(" and ");
}

/** A path as messages name it: `spec.ports[0].name`. */
export function fieldName(path: FieldPath): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${shortText(step)}`))
    .join("")
    .slice(1);
}

const jsonTypes: Readonly<Partial<Record<ScalarKind, string>>> = {
  string: "string",
  bytes: "string",
  time: "string",
  boolean: "boolean",
  int32: "number",
  int64: "number",
  number: "number",
};

function fitsScalar(value: Json, scalar: ScalarKind | undefined): boolean {
  if (scalar === undefined) return false;
  if (scalar === "any") return true;
  const wantedType = jsonTypes[scalar];
  return wantedType === undefined
    ? typeof value === "string" || typeof value === "number"
    : typeof value === wantedType;
}

function isWhole(scalar: ScalarKind | undefined): boolean {
  return scalar === "int32" || scalar === "int64";
}

const words: Readonly<Record<ScalarKind, string>> = {
  string: "text",
  bytes: "text (base64)",
  time: "text (a time)",
  boolean: "true or false",
  int32: "a number",
  int64: "a number",
  number: "a number",
  quantity: "a quantity",
  "int-or-string": "a number or text",
  any: "anything",
};

function wanted({ scalar, list, map }: FieldType): string {
  const forms = [
    ...(scalar === undefined ? [] : [words[scalar]]),
    ...(list === undefined ? [] : ["a list"]),
    ...(map === undefined ? [] : ["an object"]),
  ];
  return forms.join(" or ");
}

const quantity = /^[+-]?(\d+(\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/;

function isQuantity(value: Json): boolean {
  return typeof value === "number" || (typeof value === "string" && quantity.test(value));
}
