/**
 * Writes src/core/render/generated/kubernetes.ts: which kinds Kubernetes has, whether they are namespaced, and how a
 * strategic merge patch merges each of their fields. Everything is read from a real API server, the one of the test
 * control plane.
 *
 *   node scripts/generate-merge-keys.ts
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterAccess } from "../test/control-plane/api-client.ts";
import type { KubernetesTables } from "../src/core/render/merge-schema.ts";
import {
  type Definition,
  type Definitions,
  type Get,
  type Property,
  readResources,
  shortName,
  typesByKind,
  withApiServer,
  withGet,
} from "./read-api-server.ts";

const output = join(import.meta.dirname, "../src/core/render/generated/kubernetes.ts");

type KindEntry = KubernetesTables["kinds"][string];

/** Reads the tables from a running API server. */
export function readTables(access: ClusterAccess): Promise<KubernetesTables> {
  return withGet(access, async (get) => {
    const { gitVersion } = await get<{ gitVersion: string }>("/version");
    const { definitions } = await get<{ definitions: Definitions }>("/openapi/v2");
    const types = mergeTypes(definitions);
    const kinds = await readKinds(get);
    const typeOfKind = typesByKind(definitions);
    const kindTable = Object.entries(kinds).map(([id, namespaced]): [string, KindEntry] => {
      const type = typeOfKind.get(id);
      return [id, type !== undefined && type in types ? [namespaced, type] : [namespaced]];
    });
    const roots = kindTable.flatMap(([, [, type]]) => (type === undefined ? [] : [type]));
    return {
      version: gitVersion,
      types: reachable(types, roots),
      kinds: Object.fromEntries(kindTable),
    };
  });
}

/** `group/version/Kind` (`/v1/Pod` in the core group) → namespaced, of every kind that can be written. */
async function readKinds(get: Get): Promise<Readonly<Record<string, boolean>>> {
  const kinds = new Map<string, boolean>();
  for (const [groupVersion, all] of await readResources(get)) {
    const prefix = groupVersion.includes("/") ? groupVersion : `/${groupVersion}`;
    const resources = all.filter(({ name }) => !name.includes("/"));
    for (const { kind, namespaced } of resources) kinds.set(`${prefix}/${kind}`, namespaced);
  }
  return Object.fromEntries([...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Only types with a field that is merged in a special way, or that lead to one. */
function mergeTypes(definitions: Definitions): KubernetesTables["types"] {
  const special = new Set<string>();
  const isSpecial = (property: Property): boolean =>
    strategyOf(property) !== undefined || special.has(typeOf(property) ?? "");
  const names = Object.keys(definitions).toSorted();
  let before = -1;
  while (special.size > before) {
    before = special.size;
    for (const name of names) {
      if (fieldsOf(definitions[name]).some(([, property]) => isSpecial(property))) {
        special.add(shortName(name));
      }
    }
  }
  const table = names
    .filter((name) => special.has(shortName(name)))
    .map((name) => [
      shortName(name),
      Object.fromEntries(
        fieldsOf(definitions[name])
          .filter(([, property]) => isSpecial(property))
          .map(([field, property]) => [field, mergeField(property, special)]),
      ),
    ]);
  return Object.fromEntries(table);
}

/** Lists of objects and status types are in the document too, but no object leads to them. */
function reachable(
  types: KubernetesTables["types"],
  roots: readonly string[],
): KubernetesTables["types"] {
  const seen = new Set<string>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    queue.push(...Object.values(types[name] ?? {}).flatMap(({ type }) => type ?? []));
  }
  return Object.fromEntries(Object.entries(types).filter(([name]) => seen.has(name)));
}

/** `status` is never rendered: its fields would only make the table longer. */
function fieldsOf(definition: Definition | undefined): [string, Property][] {
  return Object.entries(definition?.properties ?? {})
    .filter(([field]) => field !== "status")
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function mergeField(
  property: Property,
  special: ReadonlySet<string>,
): KubernetesTables["types"][string][string] {
  const strategy = strategyOf(property);
  const key = property["x-kubernetes-patch-merge-key"];
  const type = typeOf(property);
  return {
    ...(type !== undefined && special.has(type) && { type }),
    ...(property.additionalProperties !== undefined && { values: true as const }),
    ...(strategy !== undefined && { strategy }),
    ...(key !== undefined && { keys: [key] }),
  };
}

/** `retainKeys` tells how patches are computed; applying one needs only its $retainKeys directive. */
function strategyOf(property: Property): string | undefined {
  const strategies = property["x-kubernetes-patch-strategy"]?.split(",") ?? [];
  return strategies.find((name) => name === "merge" || name === "replace");
}

function typeOf(property: Property): string | undefined {
  const { $ref } = property.items ?? property.additionalProperties ?? property;
  return $ref === undefined ? undefined : shortName($ref.replace("#/definitions/", ""));
}

/** The generated file, line by line: one type or kind each, so that a newer Kubernetes gives a readable diff. */
function sourceText(tables: KubernetesTables): string {
  const rows = (table: object): string[] =>
    Object.entries(table).map(
      ([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)},`,
    );
  return `${[
    "/**",
    ` * Generated from the OpenAPI document and the discovery of a Kubernetes ${tables.version} API server by`,
    " * `node scripts/generate-merge-keys.ts`. Do not edit: a test reads the server again and compares.",
    " */",
    'import type { KubernetesTables } from "../merge-schema.ts";',
    "",
    "/** Kinds of Kubernetes and how their fields are merged. */",
    "export const kubernetes: KubernetesTables = {",
    `  version: ${JSON.stringify(tables.version)},`,
    "  types: {",
    ...rows(tables.types),
    "  },",
    "  kinds: {",
    ...rows(tables.kinds),
    "  },",
    "};",
  ].join("\n")}\n`;
}

if (import.meta.main) {
  await withApiServer(async (access) => writeFile(output, sourceText(await readTables(access))));
}
