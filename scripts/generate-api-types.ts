/**
 * Writes src/core/cluster-model/ownership/generated/api-tables.json: every type that an object of a built-in kind can
 * hold, and the resources that discovery lists. Everything is read from a real API server, the one of the test
 * control plane.
 *
 *   node scripts/generate-api-types.ts
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiTables } from "../src/core/cluster-model/ownership/api-tables.ts";
import type { ClusterAccess } from "../test/control-plane/api-client.ts";
import {
  type Definition,
  type Definitions,
  type Get,
  type Property,
  type Resource,
  readGroups,
  readResources,
  shortName,
  typesByKind,
  withApiServer,
  withGet,
} from "./read-api-server.ts";

const output = join(
  import.meta.dirname,
  "../src/core/cluster-model/ownership/generated/api-tables.json",
);

/** Reads the tables from a running API server. */
export function readApiTables(access: ClusterAccess): Promise<ApiTables> {
  return withGet(access, async (get) => {
    const { gitVersion } = await get<{ gitVersion: string }>("/version");
    const definitions = await readDefinitions(get);
    const served = await readResources(get);
    const typeOfKind = typesByKind(definitions);
    const kinds: Record<string, string> = {};
    for (const [groupVersion, resources] of served) {
      const prefix = groupVersion.includes("/") ? groupVersion : `/${groupVersion}`;
      for (const { group, version, kind } of resources) {
        const owner = version === undefined ? prefix : `${group ?? ""}/${version}`;
        const type = typeOfKind.get(`${owner}/${kind}`);
        if (type !== undefined) kinds[`${owner}/${kind}`] = type;
      }
    }
    return {
      version: gitVersion,
      types: typeTable(definitions, Object.values(kinds)),
      kinds: sorted(kinds),
      groups: Object.fromEntries(
        (await readGroups(get)).map(({ name, versions }) => [
          name,
          versions.map(({ version }) => version),
        ]),
      ),
      resources: Object.fromEntries(served.map(([id, list]) => [id, list.map(resourceRow)])),
    };
  });
}

/** The types of all groups; a type that several documents hold is the same in each. */
async function readDefinitions(get: Get): Promise<Definitions> {
  // The list of documents comes as text/plain.
  const { text } = await get<{ text: string }>("/openapi/v3");
  const { paths } = JSON.parse(text) as { paths: Record<string, { serverRelativeURL: string }> };
  const all: Record<string, Definition> = {};
  for (const [path, { serverRelativeURL }] of Object.entries(paths)) {
    if (!/^apis?\/.*v\d/.test(path)) continue;
    const document = await get<{ components?: { schemas?: Definitions } }>(serverRelativeURL);
    Object.assign(all, document.components?.schemas);
  }
  return all;
}

function resourceRow(resource: Resource): ApiTables["resources"][string][number] {
  const { name, singularName, kind, namespaced, verbs } = resource;
  const { group, version, shortNames, categories } = resource;
  return {
    name,
    ...(singularName !== "" && { singularName }),
    namespaced,
    ...(group !== undefined && { group }),
    ...(version !== undefined && { version }),
    kind,
    verbs,
    ...(shortNames !== undefined && { shortNames }),
    ...(categories !== undefined && { categories }),
  };
}

/** The lines of all types that the roots lead to. */
function typeTable(definitions: Definitions, roots: readonly string[]): ApiTables["types"] {
  const byShortName = new Map(
    Object.entries(definitions).map(([name, definition]) => [shortName(name), definition]),
  );
  const table: Record<string, string> = {};
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const definition = byShortName.get(name);
    if (definition === undefined || name in table) continue;
    const line = typeLine(definition, byShortName);
    table[name] = line;
    queue.push(...[...line.matchAll(/@([\w.-]+)/g)].map(([, type = ""]) => type));
  }
  return sorted(table);
}

function sorted<T>(table: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(table).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

type Types = ReadonlyMap<string, Definition>;

/** One type in the notation that `ApiTables` documents. */
function typeLine(definition: Definition, types: Types): string {
  const required = new Set(definition.required);
  const fields = Object.entries(definition.properties ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, property]) => {
      const isStruct = JSON.stringify(property.default) === "{}";
      const flags = `${required.has(name) ? "!" : ""}${isStruct ? "%" : ""}`;
      return `${name}=${flags}${typeText(property, types)}`;
    });
  return [isAtomic(definition) ? "#" : "", ...fields].filter((part) => part !== "").join(" ");
}

function isAtomic(property: Property): boolean {
  return property["x-kubernetes-map-type"] === "atomic";
}

function typeText(property: Property, types: Types): string {
  const text = plainTypeText(property, types);
  return isAtomic(property) ? `#${text}` : text;
}

function plainTypeText(property: Property, types: Types): string {
  const reference = property.$ref ?? property.allOf?.[0]?.$ref;
  if (reference !== undefined) return referenceText(reference, types);
  if (property.type === "array") {
    return `[${typeText(property.items ?? {}, types)}${listText(property, types)}]`;
  }
  if (property.type === "object") {
    const values = property.additionalProperties;
    return values === undefined ? "{?}" : `{${typeText(values, types)}}`;
  }
  return scalarText(property);
}

/** Types of a name that have no fields stand for themselves where they are used. */
function referenceText(reference: string, types: Types): string {
  const name = shortName(reference.replace("#/components/schemas/", ""));
  if (name.endsWith(".api.resource.Quantity")) return "q";
  if (name.endsWith(".runtime.RawExtension")) return "*";
  const definition = types.get(name);
  if (definition?.properties !== undefined) return `@${name}`;
  return plainTypeText(definition ?? {}, types);
}

const scalars: Readonly<Record<string, string>> = {
  string: "s",
  "string/byte": "y",
  boolean: "b",
  integer: "i",
  "integer/int32": "i",
  "integer/int64": "I",
  number: "n",
  "number/double": "n",
  "/int-or-string": "x",
};

/** Any other format of a string (a time) is read as anything; so is what has no type at all. */
function scalarText({ type = "", format }: Property): string {
  const text = scalars[format === undefined ? type : `${type}/${format}`];
  return text ?? (type === "string" ? "t" : "?");
}

/** How the items of a list are told apart: `:set`, `:<key>,<key>=<default>`, or nothing for a list taken whole. */
function listText(property: Property, types: Types): string {
  const keys = listKeys(property);
  if (keys === undefined) return "";
  if (keys.length === 0) return ":set";
  const items = property.items?.$ref ?? property.items?.allOf?.[0]?.$ref ?? "";
  const fields = types.get(shortName(items.replace("#/components/schemas/", "")))?.properties;
  const texts = keys.map((key) => {
    const value = fields?.[key]?.default;
    return value === undefined ? key : `${key}=${JSON.stringify(value)}`;
  });
  return `:${texts.join(",")}`;
}

function listKeys(property: Property): readonly string[] | undefined {
  const type = property["x-kubernetes-list-type"];
  if (type === "map") return property["x-kubernetes-list-map-keys"] ?? [];
  if (type !== undefined) return type === "set" ? [] : undefined;
  if (!property["x-kubernetes-patch-strategy"]?.startsWith("merge")) return undefined;
  const key = property["x-kubernetes-patch-merge-key"];
  return key === undefined ? [] : [key];
}

/** One type, kind or resource a line, so that a newer Kubernetes gives a readable diff. */
function sourceText(tables: ApiTables): string {
  const rows = (table: object): string[] =>
    Object.entries(table).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const lists = Object.entries(tables.resources).map(
    ([id, list]) =>
      `${JSON.stringify(id)}: [\n${list.map((row) => JSON.stringify(row)).join(",\n")}\n]`,
  );
  const section = (name: string, lines: readonly string[]): string =>
    `"${name}": {\n${lines.join(",\n")}\n}`;
  return `{\n${[
    `"version": ${JSON.stringify(tables.version)}`,
    section("types", rows(tables.types)),
    section("kinds", rows(tables.kinds)),
    section("groups", rows(tables.groups)),
    section("resources", lists),
  ].join(",\n")}\n}\n`;
}

if (import.meta.main) {
  await withApiServer(async (access) => writeFile(output, sourceText(await readApiTables(access))));
}
