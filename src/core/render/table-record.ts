/** Tables as records of an app, and back: what an earlier start found out, as if this one had. */
import { type AppTable, areOrdinary, LaterVariant } from "./app-table.ts";
import {
  always,
  type AppRecord,
  type ChangedInput,
  laterPlaces,
  renderedAt,
} from "./changed-sites.ts";
import { lazily } from "./placed-rendering.ts";
import type { TreeId, Variant } from "./rendered.ts";

/** The table of a record, but for its key. */
export function tableOf({
  digests,
  peers,
  steps,
  effects,
  left,
  rendering,
}: AppRecord): Omit<AppTable, "key"> {
  const { app, variants, ids, kinds } = rendering;
  const sites = [...app.sites];
  const positions = new Map([...new Set(effects.values())].map((own, index) => [own, index]));
  return {
    steps,
    isOrdinary: areOrdinary(variants.values()),
    ids: [...ids()],
    kinds: [...kinds()],
    effects: [...positions.keys()].map((own) =>
      own.map(({ overlay, changed, matchedImages }) => [overlay, changed, [...matchedImages]]),
    ),
    peers: Object.fromEntries(peers),
    moved: Object.fromEntries(app.movedTo),
    left: [...left],
    sites: sites.map(([site]) => site),
    facts: sites.map(([site]) => digests.get(site) ?? ""),
    trees: sites.map(([, tree]) => tree),
    did: sites.map(([site]) => positions.get(effects.get(site) ?? []) ?? 0),
  };
}

/** Sites whose objects are made one by one, before all of them are. */
const maxSingle = 20;

/** The record that a table is of. Objects that are asked for are rendered for the sites of `input`. */
export function recordOfTable(
  table: AppTable,
  inputDigest: string,
  input: ChangedInput,
): AppRecord {
  const { sites, facts, trees, did, ids, steps, isOrdinary, moved } = table;
  const effects = table.effects.map((own) =>
    own.map(([overlay, changed, images]) => ({ overlay, changed, matchedImages: new Set(images) })),
  );
  const objectsOf = laterObjects(table, input);
  const variant = (tree: TreeId): [TreeId, Variant] => {
    return [tree, new LaterVariant({ tree, isOrdinary }, objectsOf)];
  };
  const at = <T>(list: readonly T[]): Map<string, T> =>
    new Map(sites.flatMap((site, index) => pairOf(site, list[index])));
  return {
    digests: at(facts),
    peers: new Map(Object.entries(table.peers)),
    steps,
    effects: at(did.map((position) => effects[position] ?? [])),
    left: new Map(table.left),
    rendering: {
      app: {
        app: input.name,
        inputDigest,
        sites: at(trees),
        movedTo: new Map(Object.entries(moved)),
      },
      variants: new Map([...new Set(trees)].map(variant)),
      places: laterPlaces(input),
      ids: always(new Set(ids)),
      kinds: always(new Set(table.kinds)),
    },
  };
}

function pairOf<T>(site: string, value: T | undefined): [string, T][] {
  return value === undefined ? [] : [[site, value]];
}

/** One tree is rendered for a site that has it; who asks for many gets them from a rendering of the whole. */
function laterObjects(
  { sites, trees, facts }: AppTable,
  input: ChangedInput,
): (tree: TreeId) => Variant["objects"] {
  const digests = input.context.facts.digests();
  const siteOf = (tree: TreeId): string | undefined =>
    sites.find((site, index) => trees[index] === tree && digests.get(site) === facts[index]);
  const single = new Map<TreeId, Variant["objects"]>();
  const whole = lazily(() => {
    const { result } = input.whole();
    return result.ok ? result.value.variants : new Map<TreeId, Variant>();
  });
  let isWhole = false;
  return (tree) => {
    const known = single.get(tree);
    if (known !== undefined) return known;
    isWhole ||= single.size >= maxSingle;
    const site = isWhole ? undefined : siteOf(tree);
    const variants =
      site === undefined ? whole() : renderedAt([site], input.context, input.name).shapes.variants;
    const objects = variants.get(tree)?.objects;
    if (objects === undefined)
      throw new Error(`${input.name} comes to ${tree} nowhere, as was kept`);
    if (!isWhole) single.set(tree, objects);
    return objects;
  };
}
