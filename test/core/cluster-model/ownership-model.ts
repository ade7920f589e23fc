/**
 * Field ownership behind the least of an API server that its suites need: objects by path, the five ways to write
 * them, and the defaults of the few kinds that the suites write.
 */
import { type Json, type JsonObject, isJsonObject } from "../../../src/core/model/json.ts";
import { applyObject } from "../../../src/core/cluster-model/ownership/apply-object.ts";
import {
  apiTables,
  builtInSchemas,
} from "../../../src/core/cluster-model/ownership/built-in-schemas.ts";
import { schemaOfCrdVersion } from "../../../src/core/cluster-model/ownership/crd-schema.ts";
import { checkObject } from "../../../src/core/cluster-model/ownership/check-object.ts";
import { recordUpdate } from "../../../src/core/cluster-model/ownership/record-update.ts";
import type { FieldType, ObjectSchema } from "../../../src/core/cluster-model/ownership/schema.ts";
import { toServerForm } from "../../../src/core/cluster-model/ownership/server-form.ts";
import { isSameValue } from "../../../src/core/cluster-model/ownership/typed-value.ts";
import { type PatchOperation, applyJsonPatch } from "../../../src/core/render/json-patch.ts";
import { builtInSchema, plainSchema } from "../../../src/core/render/merge-schema.ts";
import { strategicMerge } from "../../../src/core/render/strategic-merge.ts";
import type { Answer, ClusterUnderTest, TestRequest } from "./cluster-under-test.ts";
import { completeObject } from "./ownership-defaults.ts";

interface Place {
  readonly id: string;
  readonly name: string | undefined;
  readonly apiVersion: string;
  readonly plural: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
}

interface Kind {
  readonly schema: ObjectSchema;
  readonly kind: string;
}

/** A cluster that is nothing but field ownership. */
export function modelCluster(): ClusterUnderTest {
  const model = new OwnershipModel();
  return { name: "the model", request: (request) => Promise.resolve(model.handle(request)) };
}

class OwnershipModel {
  readonly #builtIn = builtInSchemas();
  readonly #objects = new Map<string, JsonObject>();
  readonly #custom = new Map<string, Kind>();
  #version = 1;
  #seconds = 0;

  handle(request: TestRequest): Answer {
    const place = placeOf(request.path);
    const live = this.#objects.get(place.id);
    const body = request.body as Json; // suites send JSON
    if (place.plural === "customresourcedefinitions") return this.#define(body as JsonObject);
    switch (request.method) {
      case "POST":
        return this.#create(place, body as JsonObject);
      case "PATCH":
        return this.#patch(place, request.contentType ?? "", body);
      case "PUT":
        return live === undefined ? notFound : this.#update(place, live, body as JsonObject);
      case "DELETE":
        this.#objects.delete(place.id);
        return { status: live === undefined ? 404 : 200, body: {} };
      default:
        return live === undefined ? notFound : { status: 200, body: live };
    }
  }

  #define(crd: JsonObject): Answer {
    const { group, names, versions } = crd["spec"] as {
      group: string;
      names: { plural: string; kind: string };
      versions: { name: string; [field: string]: Json }[];
    };
    for (const version of versions) {
      const kind = names.kind;
      const schema = schemaOfCrdVersion(version, { group, kind, builtIn: this.#builtIn });
      this.#custom.set(`${group}/${version.name} ${names.plural}`, { schema, kind });
    }
    return { status: 201, body: crd };
  }

  #kind({ apiVersion, plural }: Place): Kind {
    const custom = this.#custom.get(`${apiVersion} ${plural}`);
    if (custom !== undefined) return custom;
    const resource = apiTables.resources[apiVersion]?.find(({ name }) => name === plural);
    const [version = "", group = ""] = apiVersion.split("/").toReversed();
    const schema = this.#builtIn.schemaFor(group, version, resource?.kind ?? "");
    if (schema === undefined || resource === undefined) throw new Error(`no kind ${plural}`);
    return { schema, kind: resource.kind };
  }

  #time(): string {
    this.#seconds += 1;
    return new Date(Date.UTC(2026, 0, 1) + this.#seconds * 1000).toISOString().replace(".000", "");
  }

  #create(place: Place, body: JsonObject): Answer {
    const { name } = body["metadata"] as { name: string };
    const id = `${place.id}/${name}`;
    if (this.#objects.has(id)) return { status: 409, body: {} };
    const { schema, kind } = this.#kind(place);
    const { object, unknown, wrongType } = checkObject(body, schema.type);
    const isStrict = place.query.get("fieldValidation") === "Strict" && unknown.length > 0;
    const mistake = wrongType ?? (isStrict && `strict decoding error: ${unknown.join(", ")}`);
    if (mistake) {
      const version = place.apiVersion.split("/").at(-1);
      const message = `${kind} in version "${version}" cannot be handled as a ${kind}: ${mistake}`;
      return { status: 400, body: { message } };
    }
    const after = this.#finish(place, undefined, object);
    const stored = recordUpdate({ ...this.#write(place, schema), before: undefined, after });
    return { status: 201, body: this.#store(id, undefined, stored) };
  }

  #write(place: Place, schema: ObjectSchema) {
    return {
      schema,
      manager: place.query.get("fieldManager") ?? "unknown",
      apiVersion: place.apiVersion,
      subresource: place.subresource,
      time: this.#time(),
    };
  }

  #update(place: Place, live: JsonObject, body: JsonObject): Answer {
    const { schema } = this.#kind(place);
    const after = this.#finish(place, live, body);
    const stored = recordUpdate({ ...this.#write(place, schema), before: live, after });
    return { status: 200, body: this.#store(place.id, live, stored) };
  }

  #patch(place: Place, contentType: string, body: Json): Answer {
    const live = this.#objects.get(place.id);
    if (contentType === "application/apply-patch+yaml") {
      return this.#apply(place, live, body as JsonObject);
    }
    if (live === undefined) return notFound;
    const after = this.#patched(place, live, { contentType, body });
    return this.#update(place, live, after as JsonObject);
  }

  #patched(place: Place, live: JsonObject, patch: { contentType: string; body: Json }): Json {
    const { kind } = this.#kind(place);
    if (patch.contentType === "application/json-patch+json") {
      const result = applyJsonPatch(live, patch.body as unknown as PatchOperation[]);
      return result.ok ? result.value : live;
    }
    const isStrategic = patch.contentType.includes("strategic");
    const schema = isStrategic ? builtInSchema(place.apiVersion, kind) : undefined;
    const result = strategicMerge(live, patch.body as JsonObject, schema ?? plainSchema);
    return result.ok ? result.value : live;
  }

  #apply(place: Place, live: JsonObject | undefined, applied: JsonObject): Answer {
    const { schema } = this.#kind(place);
    const force = place.query.get("force") === "true";
    const result = applyObject({ ...this.#write(place, schema), live, applied, force });
    if (result.ok) {
      const finished = result.changed ? this.#finish(place, live, result.object) : result.object;
      const body = this.#store(place.id, live, finished);
      return { status: live === undefined ? 201 : 200, body };
    }
    if ("conflicts" in result) {
      const { message, causes } = result.conflicts;
      return { status: 409, body: { reason: "Conflict", message, details: { causes } } };
    }
    return { status: result.invalid.status, body: { message: result.invalid.message } };
  }

  /** What other parts of an API server do to a write: kept fields, defaults, the form of the answer. */
  #finish(place: Place, live: JsonObject | undefined, object: JsonObject): JsonObject {
    const { schema, kind } = this.#kind(place);
    const kept = keepFields(schema, place.subresource, { live, object });
    const isBuiltIn = !this.#custom.has(`${place.apiVersion} ${place.plural}`);
    const formed = toServerForm(kept, schema.type);
    if (!isBuiltIn) return fillDefaults(formed, schema.type) as JsonObject;
    return toServerForm(completeObject(formed, kind), schema.type);
  }

  #store(id: string, live: JsonObject | undefined, object: JsonObject): JsonObject {
    if (live !== undefined && isSameValue(timeless(live), timeless(object))) return live;
    this.#version += 1;
    const metadata = object["metadata"] as JsonObject;
    const uid = (live?.["metadata"] as JsonObject | undefined)?.["uid"] ?? `uid-${this.#version}`;
    const stored = {
      ...object,
      metadata: { ...metadata, uid, resourceVersion: String(this.#version) },
    };
    this.#objects.set(id, stored);
    return stored;
  }
}

const notFound: Answer = { status: 404, body: {} };

function placeOf(path: string): Place {
  const url = new URL(path, "http://cluster");
  const [, api, ...parts] = url.pathname.split("/");
  const apiVersion = api === "api" ? (parts[0] ?? "") : parts.slice(0, 2).join("/");
  const rest = parts.slice(api === "api" ? 1 : 2);
  const [plural = "", name, subresource = ""] = rest[0] === "namespaces" ? rest.slice(2) : rest;
  const id = [apiVersion, ...rest.slice(0, rest.length - (subresource === "" ? 0 : 1))].join("/");
  return { id, name, apiVersion, plural, subresource, query: url.searchParams };
}

/** The fields that the endpoint does not write, and those that name the object, are those of the live one. */
function keepFields(
  schema: ObjectSchema,
  subresource: string,
  { live, object }: { live: JsonObject | undefined; object: JsonObject },
): JsonObject {
  const result: Record<string, Json> = { ...object };
  for (const [step, set] of schema.resetFields(subresource).children ?? []) {
    const field = step.slice(2);
    if (!set.isMember) continue;
    delete result[field];
    Object.assign(result, live?.[field] !== undefined && { [field]: live[field] });
  }
  const { managedFields } = object["metadata"] as JsonObject;
  const { managedFields: _former, ...kept } = result["metadata"] as JsonObject;
  const { uid, resourceVersion } = (live?.["metadata"] ?? {}) as JsonObject;
  const identity = Object.entries({ uid, resourceVersion, managedFields }).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined,
  );
  return { ...result, metadata: { ...kept, ...Object.fromEntries(identity) } };
}

/** Defaults of a CRD. */
function fillDefaults(value: Json, type: FieldType): Json {
  if (Array.isArray(value)) {
    const { list } = type;
    return list === undefined ? value : value.map((item: Json) => fillDefaults(item, list.items));
  }
  if (!isJsonObject(value) || type.map === undefined) return value;
  const result: Record<string, Json> = { ...value };
  for (const [name, field] of type.map.fields) {
    if (result[name] === undefined && field.default !== undefined) result[name] = field.default;
    const member = result[name];
    if (member !== undefined && name !== "metadata")
      result[name] = fillDefaults(member, field.type);
  }
  return result;
}

function timeless(object: JsonObject): JsonObject {
  const { managedFields, ...metadata } = object["metadata"] as JsonObject;
  const entries = (managedFields ?? []) as readonly JsonObject[];
  return {
    ...object,
    metadata: { ...metadata, managedFields: entries.map(({ time: _time, ...entry }) => entry) },
  };
}
