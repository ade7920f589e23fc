/**
 * OpenAPI v3 as far as kubectl needs it: which operations each kind has and which parameters they take. Schemas of
 * fields are left out (`x-kubernetes-preserve-unknown-fields`).
 */
import type { JsonObject } from "../../model/json.ts";
import { type ResourceType, apiVersionOf } from "../resource-types.ts";

/** The index: every group and version with the path of its document. */
export function openApiPaths(paths: readonly string[]): JsonObject {
  const entries = paths.map(
    (path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }] as const,
  );
  return { paths: Object.fromEntries(entries) };
}

/** The document of one group and version. */
export function openApiDocument(types: readonly ResourceType[]): JsonObject {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.36.4" },
    paths: Object.fromEntries(types.flatMap(pathsOf)),
    components: { schemas: Object.fromEntries(types.map(schemaEntry)) },
  };
}

function pathsOf(type: ResourceType): [string, JsonObject][] {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
  const inNamespace = type.namespaced ? "/namespaces/{namespace}" : "";
  const collection = `${root}${inNamespace}/${type.plural}`;
  return [
    [collection, { get: operation(type, "list"), post: operation(type, "post") }],
    [
      `${collection}/{name}`,
      {
        get: operation(type, "get"),
        put: operation(type, "put"),
        patch: operation(type, "patch"),
        delete: operation(type, "delete"),
      },
    ],
  ];
}

const writeParameters = ["dryRun", "fieldManager", "fieldValidation"].map((name) => ({
  name,
  in: "query",
  schema: { type: "string", uniqueItems: true },
}));

function operation(type: ResourceType, action: string): JsonObject {
  const { group, version, kind } = type;
  const isWrite = action === "post" || action === "put" || action === "patch";
  return {
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind },
    ...(isWrite && { parameters: writeParameters }),
    responses: { "200": { description: "OK" } },
  };
}

function schemaEntry(type: ResourceType): readonly [string, JsonObject] {
  const { group, version, kind } = type;
  const name = ["simulated", ...group.split(".").reverse(), version, kind]
    .filter(Boolean)
    .join(".");
  return [
    name,
    {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      "x-kubernetes-group-version-kind": [{ group, version, kind }],
    },
  ];
}
