/** How objects are shown: as they are, as rows of a Table, or their metadata alone. */
import type { Json, JsonObject } from "../../model/json.ts";
import { type ResourceType, apiVersionOf } from "../resource-types.ts";
import { notAcceptable } from "../status-failure.ts";
import type { StoredObject } from "../stored-object.ts";
import { tableOf } from "./object-table.ts";

/** `metadata`: PartialObjectMetadata. `now` tells ages in a Table. */
export interface Presentation {
  readonly form: Form;
  readonly now: number;
}

type Form = "object" | "table" | "metadata";

/** Reads an Accept header; 406 when no form of JSON is among it. */
export function readPresentation(accept: string, now: number): Presentation {
  // The common case first: a plain client names one type.
  if (accept === "application/json" || accept === "" || accept === "*/*")
    return { form: "object", now };
  for (const range of accept.split(",")) {
    const form = formOf(range);
    if (form !== undefined) return { form, now };
  }
  throw notAcceptable();
}

const jsonTypes = new Set(["application/json", "application/*", "*/*", "application/yaml"]);
const forms: Readonly<Record<string, Form>> = {
  "": "object",
  Table: "table",
  PartialObjectMetadata: "metadata",
  PartialObjectMetadataList: "metadata",
};

function formOf(range: string): Form | undefined {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
  if (!jsonTypes.has(type)) return undefined;
  const as = parameters.find((parameter) => parameter.startsWith("as="));
  return forms[as?.slice(3) ?? ""];
}

/** An object in the version that was asked for. */
export function inVersion(object: StoredObject, type: ResourceType): StoredObject {
  const apiVersion = apiVersionOf(type);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** One object as the answer of a request. */
export function presentObject(
  object: StoredObject,
  type: ResourceType,
  { form, now }: Presentation,
): JsonObject {
  const shown = inVersion(object, type);
  if (form === "object") return shown;
  return form === "table" ? tableOf([shown], type, { metadata: {}, now }) : metadataOnly(shown);
}

/** A list, with the metadata of the list. */
export function presentList(
  objects: readonly StoredObject[],
  type: ResourceType,
  options: { readonly presentation: Presentation; readonly metadata: JsonObject },
): JsonObject {
  const { metadata } = options;
  const { form, now } = options.presentation;
  const shown = objects.map((object) => inVersion(object, type));
  if (form === "table") return tableOf(shown, type, { metadata, now });
  if (form === "metadata") {
    return {
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata,
      items: shown.map(metadataOnly),
    };
  }
  // Of built-in kinds the items come without apiVersion and kind; of custom ones with them.
  const items: readonly Json[] = type.custom === undefined ? shown.map(withoutType) : shown;
  return { kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata, items };
}

function withoutType({ kind: _kind, apiVersion: _version, ...rest }: StoredObject): JsonObject {
  return rest;
}

function metadataOnly({ metadata }: StoredObject): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}
