/** Tables as records of an app, and back: what an earlier start found out, as if this one had. */
import { FleetError } from "../errors.ts";
import { LaterMap } from "../model/later-map.ts";
import { placeApp } from "../select/virtual-sites.ts";
import { layeredAppOf } from "./app-parts.ts";
import { type AppTable, LaterVariant, sitesOfTable } from "./app-table.ts";
import {
  always,
  type AppRecord,
  type ChangedInput,
  laterPlaces,
  renderedAt,
} from "./changed-sites.ts";
import { lazily } from "./placed-rendering.ts";
import { PerSite } from "./per-site.ts";
import type { TreeId, Variant } from "./rendered.ts";
import { SiteTrees } from "./site-trees.ts";
import type { FactDigests } from "./site-facts.ts";

/** The table of a record, but for its key. */
export function tableOf(record: AppRecord): Omit<AppTable, "key"> {
  const { digests, peers, steps, distinct, left, rendering } = record;
  const { app, variants, ids, kinds } = rendering;
  const sites = [...app.sites];
  const { bySite } = record.effects();
  const positions = new Map(distinct.map((own, index) => [own, index]));
  return {
    steps,
    isOrdinary: [...variants.values()].every((variant) => variant.isOrdinary === true),
    ids: [...ids()],
    kinds: [...kinds()],
    effects: distinct.map((own) =>
      own.map(({ overlay, changed, matchedImages }) => [overlay, changed, [...matchedImages]]),
    ),
    peers: Object.fromEntries(peers),
    moved: Object.fromEntries(app.movedTo),
    left: [...left],
    sites: sites.map(([site]) => site).join("\n"),
    facts: sites.map(([site]) => digests.get(site) ?? "").join(""),
    trees: sites.map(([, tree]) => tree).join(""),
    did: sites.map(([site]) => positions.get(bySite.get(site) ?? []) ?? 0),
  };
}

/** The record that a table is of. Objects that are asked for are rendered for the sites of `input`. */
export function recordOfTable(table: AppTable, input: ChangedInput): AppRecord {
  const inputDigest = input.inputDigest();
  const { names, treeOf } = sitesOfTable(table);
  const distinct = table.effects.map((own) =>
    own.map(([overlay, changed, images]) => ({ overlay, changed, matchedImages: new Set(images) })),
  );
  const { did, moved } = table;
  const sites = new SiteTrees(names, (site) => trees().bySite.get(site));
  const trees = lazily(() => PerSite.of(new Map(names.map((site, at) => [site, treeOf(at)]))));
  return {
    app: layeredAppOf(input.context, input.name),
    digests: digestsOf(table, input),
    peers: new Map(Object.entries(table.peers)),
    steps: table.steps,
    trees,
    distinct,
    effects: lazily(() =>
      PerSite.of(new Map(names.map((site, index) => [site, distinct[did[index] ?? 0] ?? []]))),
    ),
    left: new Map(table.left),
    told: PerSite.of(new Map()),
    source: undefined,
    did: null,
    rendering: {
      app: { app: input.name, inputDigest, sites, movedTo: new Map(Object.entries(moved)) },
      variants: laterVariants(table, input),
      places: laterPlaces(input),
      ids: always(new Set(table.ids)),
      kinds: always(new Set(table.kinds)),
    },
  };
}

/** Of all sites that there are: of those of the app, as the table has them; it tells nothing of others. */
function digestsOf(table: AppTable, { context, name }: ChangedInput): FactDigests {
  const { names, factsOf } = sitesOfTable(table);
  const now = context.facts.digests();
  const placed = placeApp(context.model, name, context.siteModel);
  const isSame = names.every((site, index) => now.get(site) === factsOf(index));
  if (isSame && names.length === placed.length) return now;
  const digests = new Map(now);
  for (const site of placed) digests.delete(site);
  for (const [index, site] of names.entries()) digests.set(site, factsOf(index));
  return digests;
}

function laterVariants(table: AppTable, input: ChangedInput): ReadonlyMap<TreeId, Variant> {
  const { isOrdinary } = table;
  const objectsOf = laterObjects(table, input);
  const { names, treeOf } = sitesOfTable(table);
  return new LaterMap(() => {
    const trees = new Set(names.map((_, index) => treeOf(index)));
    return new Map(
      [...trees].map((tree) => [tree, new LaterVariant({ tree, isOrdinary }, objectsOf)]),
    );
  });
}

/** Sites whose objects are made one by one, before all of them are. */
const maxSingle = 20;

/** One tree is rendered for a site that has it; who asks for many gets them from a rendering of the whole. */
function laterObjects(table: AppTable, input: ChangedInput): (tree: TreeId) => Variant["objects"] {
  const { names, treeOf, factsOf } = sitesOfTable(table);
  const digests = input.context.facts.digests();
  const siteOf = (tree: TreeId): string | undefined =>
    names.find((site, index) => treeOf(index) === tree && digests.get(site) === factsOf(index));
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
    if (objects === undefined) throw notKept(input.name, tree);
    if (!isWhole) single.set(tree, objects);
    return objects;
  };
}

/** Somebody wrote it there who can write the hash of a file of the cache. */
function notKept(app: string, tree: TreeId): FleetError {
  const message = `${app} comes to the tree ${tree} at no site, though the cache says so`;
  const hint = "delete the folder of the cache: it saves time, and holds nothing else";
  return new FleetError("STATE_CORRUPT", message, { hint, retry: "never" });
}
