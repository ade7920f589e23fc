/**
 * Scalars of custom resources that are of another type than their definition in the fleet says: text that YAML has made a
 * number or a boolean of, and the like, which every API server with that definition refuses. Looked at behind all overlays.
 */
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { describeKey } from "../model/kube-object.ts";
import { sopsField } from "../secrets/sops-file.ts";
import { fieldName } from "./check-field-types.ts";
import { quoteHint } from "./check-object.ts";
import { type CustomKinds, sureSchemaOf } from "./custom-kinds.ts";
import { shownType } from "./manifest-objects.ts";
import { mistake, mostProblems } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { placeOfField } from "./place-of-field.ts";

/** What is wrong with the scalars of an object; nothing where no definition of the fleet tells of them. */
export function checkCustomFields(source: SourceObject, kinds: CustomKinds): readonly Diagnostic[] {
  // What a worker opens is text, whatever it was.
  if (source.object[sopsField] !== undefined) return [];
  const schema = sureSchemaOf(source.object, kinds);
  if (schema === undefined) return [];
  const walk = new SchemaWalk(source);
  walk.check(source.object, { ...schema, [embedded]: true });
  return walk.problems;
}

const embedded = "x-kubernetes-embedded-resource";

/** Goes along the value: however large a schema is, no more of it is looked at than the value has. */
class SchemaWalk {
  readonly problems: Diagnostic[] = [];
  readonly #source: SourceObject;
  /** Where the walk is. */
  readonly #path: (string | number)[] = [];

  constructor(source: SourceObject) {
    this.#source = source;
  }

  /** What a schema does not declare is dropped by the API server, or kept as it is. A null may stand for a default. */
  check(value: Json, schema: Json | undefined): void {
    if (value === null || !isJsonObject(schema) || this.problems.length >= mostProblems) return;
    if (typeof value !== "object") {
      this.#checkScalar(value, schema);
    } else if (isJsonObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        this.#below(name, member, memberSchema(schema, name));
      }
    } else {
      for (const [index, item] of value.entries()) this.#below(index, item, schema["items"]);
    }
  }

  #below(step: string | number, value: Json, schema: Json | undefined): void {
    this.#path.push(step);
    this.check(value, schema);
    this.#path.pop();
  }

  #checkScalar(value: Scalar, schema: JsonObject): void {
    const type = wantedType(schema);
    if (type === undefined || type.fits(value)) return;
    const { object, key } = this.#source;
    const words = `must be ${type.words}, not ${shownType(value, object)}`;
    const message = `${describeKey(key)}: ${fieldName(this.#path)} ${words}`;
    const told = { code: "invalid-object", message } as const;
    const place = placeOfField(this.#source, this.#path);
    this.problems.push(mistake(place, type.hint ? { ...told, hint: type.hint } : told));
  }
}

type Scalar = string | number | boolean;

interface ScalarType {
  readonly words: string;
  readonly fits: (value: Scalar) => boolean;
  readonly hint?: string;
}

const scalarTypes: ReadonlyMap<Json | undefined, ScalarType> = new Map([
  ["string", { words: "text", fits: (value) => typeof value === "string", hint: quoteHint }],
  ["integer", { words: "a whole number", fits: Number.isInteger }],
  ["number", { words: "a number", fits: (value) => typeof value === "number" }],
  ["boolean", { words: "true or false", fits: (value) => typeof value === "boolean" }],
] satisfies [string, ScalarType][]);

function wantedType(schema: JsonObject): ScalarType | undefined {
  if (schema["x-kubernetes-int-or-string"] === true) return undefined;
  return scalarTypes.get(schema["type"]);
}

/** The metadata of an object has a schema of the API server's own. */
function memberSchema(schema: JsonObject, name: string): Json | undefined {
  if (name === "metadata" && schema[embedded] === true) return undefined;
  const { properties, additionalProperties } = schema;
  const isDeclared = isJsonObject(properties) && Object.hasOwn(properties, name);
  return isDeclared ? properties[name] : additionalProperties;
}
