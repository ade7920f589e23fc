/**
 * An app whose expressions read facts of sites, where nothing has changed since but the sites: it is rendered at those
 * whose facts are others, and is at all others what it was. In: what it came to, and with which facts. Out: the same as from
 * nothing; or undefined, where that is not certain, or something is wrong at a site.
 */
import { StepBudget } from "../expressions/step-budget.ts";
import { isError, type Parsed } from "../model/diagnostic.ts";
import { PatchedMap } from "../model/patched-map.ts";
import { type SiteGroups, siteGroups } from "../select/site-groups.ts";
import { placeApp } from "../select/virtual-sites.ts";
import { type FleetContext, readApp, type ShapeInput } from "./app-parts.ts";
import { namespacesBySite, siteTrees, treeOfEach } from "./by-site.ts";
import type { LayeredApp } from "./layered-app.ts";
import { PerSite } from "./per-site.ts";
import { lazily, type PlacedRendering } from "./placed-rendering.ts";
import { type LeftOverlays, leftAfterChanges, overriddenOverlays } from "./overridden-overlays.ts";
import { unusedPlainSecrets } from "./plain-secrets.ts";
import { textOfEffect } from "./overlay-chain.ts";
import { type RenderedShapes, renderShapes } from "./render-shapes.ts";
import type { TreeId, Variant } from "./rendered.ts";
import { type Shape, shapesOf } from "./shapes.ts";
import { changedSites, type FactDigests, type SiteFacts } from "./site-facts.ts";
import { type ToldPerSite, toldAfterChanges, toldDiagnostics } from "./site-mistakes.ts";
import type { AppObjects } from "./tools/app-objects.ts";
import { type OverlayEffect, unusedOverlays } from "./unused-overlays.ts";

type Effects = readonly OverlayEffect[];

/** What an app came to. */
export interface AppRecord {
  readonly app: LayeredApp;
  /** Of the facts of its sites, and of others. */
  readonly digests: FactDigests;
  /** Digests of what `sites(…)` gave, by what it was asked for. */
  readonly peers: ReadonlyMap<string, string>;
  /** What its expressions took; at least what they would take together. */
  readonly steps: number;
  readonly trees: () => PerSite<TreeId>;
  /** What overlays did: few are different, and equal ones the same object. */
  readonly effects: () => PerSite<Effects>;
  /** The different ones. */
  readonly distinct: readonly Effects[];
  /** Where that is left behind all overlays. */
  readonly left: LeftOverlays;
  /** Warnings of objects, by site. */
  readonly told: ToldPerSite;
  /** What it is rendered from; undefined: something else than now, and only sites can be others. */
  readonly source: AppObjects | undefined;
  /** What was done to what sites share, by overlays as in `SharedEnds`; null: more than that counts. */
  readonly did: ReadonlyMap<string, string> | null;
  readonly rendering: Omit<PlacedRendering, "reads">;
}

/** What was rendered, for `renderChanged`; undefined where it has to be rendered as a whole for other sites. */
export function recordOf(
  { facts, app, source: objects }: ShapeInput,
  shapes: RenderedShapes,
  { rendering, left }: Pick<AppRecord, "rendering" | "left">,
): AppRecord | undefined {
  const { selectors, mistakes } = shapes.filled;
  const isSound = !shapes.diagnostics.some(isError) && rendering.app.sites.size > 0;
  const { plainSecrets = [], source } = app.value.spec;
  // Which Secrets the source has may be another thing at each site.
  const areSecretsOfSites = plainSecrets.length > 0 && source.expressions === true;
  if (!isSound || selectors === null || areSecretsOfSites) return undefined;
  return {
    app,
    digests: facts.digests(),
    peers: new Map(selectors.map((selector) => [selector, facts.digestOfSelected(selector)])),
    steps: mistakes.budget.spent,
    trees: lazily(() => PerSite.of(rendering.app.sites)),
    ...keptEffects(PerSite.of(effectsBySite(shapes, []))),
    left,
    told: PerSite.of(mistakes.bySite()),
    source: objects,
    did: didOf(shapes),
    rendering,
  };
}

/** What an app is rendered with. */
export interface ChangedInput {
  readonly context: FleetContext;
  readonly name: string;
  /** Digest of all that is the app's own. */
  readonly inputDigest: () => string;
  /** Renders all of it. */
  readonly whole: () => { readonly result: Parsed<PlacedRendering> };
}

interface Changed {
  readonly result: Parsed<PlacedRendering>;
  readonly record: AppRecord;
}

/** The app for the sites of `context`; undefined where it has to be rendered as a whole. */
export function renderChanged(last: AppRecord, input: ChangedInput): Changed | undefined {
  const { context, name } = input;
  const { facts, siteModel } = context;
  const digests = facts.digests();
  const names = changedSites(last.digests, digests);
  if (names.length * 2 > siteModel.sites.size || !hasSamePeers(last, facts)) return undefined;
  const { app, shapes } = renderedAt(names, context, name);
  if (app.source.diagnostics.some(isError)) return undefined;
  if (names.length === 0) return changedTo({ ...last, digests }, app, shapes);
  const steps = last.steps + shapes.filled.mistakes.budget.spent;
  if (shapes.diagnostics.some(isError) || !new StepBudget().allows(steps)) return undefined;
  const after = withChanges(last, { names, shapes, input });
  if (after.rendering.app.sites.size === 0) return undefined;
  const found = effectsBySite(shapes, last.distinct);
  const effects = last.effects().with(names, found);
  const changes = {
    changed: new Set(names),
    shapes: { ends: shapes.ends, chain: app.chain },
    effects,
  };
  const left = leftAfterChanges(app.app, last.left, changes);
  if (left === undefined) return undefined;
  const told = toldAfterChanges(last.told, names, shapes.filled.mistakes.bySite());
  const { peers, source } = last;
  const did = last.did && withSame(last.did, didOf(shapes));
  const kept = { app: app.app, peers, source, did };
  const record = { ...kept, digests, steps, ...keptEffects(effects), left, told, ...after };
  return changedTo(record, app, shapes);
}

function changedTo(
  record: AppRecord,
  { app, source }: ShapeInput,
  { filled: { reads } }: RenderedShapes,
): Changed {
  const diagnostics = [
    ...source.diagnostics,
    ...toldDiagnostics(record.told.bySite),
    ...unusedOverlays(app, record.distinct.flat()),
    ...unusedPlainSecrets(app, () => [source.objects]),
    ...overriddenOverlays(app, record.left),
  ];
  return { result: { ok: true, value: { ...record.rendering, reads }, diagnostics }, record };
}

function didOf({ shared, filled }: RenderedShapes): AppRecord["did"] {
  // What values of overlays do is of each site.
  if (shared === null || filled.valueEffects.size > 0) return null;
  return new Map([...shared].map(([overlays, { did }]) => [overlays, did]));
}

/** Both, where they say the same of what is in both. */
function withSame(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string> | null,
): AppRecord["did"] {
  if (now === null) return null;
  const isSame = [...now].every(([overlays, did]) => (before.get(overlays) ?? did) === did);
  return isSame ? new Map([...before, ...now]) : null;
}

/** Effects by site, with the different ones. */
export function keptEffects(effects: PerSite<Effects>): Pick<AppRecord, "effects" | "distinct"> {
  return { effects: always(effects), distinct: effects.distinct };
}

/** An app at some sites, whatever it is elsewhere. */
export function renderedAt(
  sites: readonly string[],
  context: FleetContext,
  name: string,
): { readonly app: ShapeInput; readonly shapes: RenderedShapes } {
  const app = readApp(context, name);
  const groups = siteGroups(context.model.virtualSites, context.siteModel.sites);
  return { app, shapes: renderShapes(app, shapesAt(shapesOf(app, app.app), sites, groups)) };
}

function hasSamePeers({ peers }: AppRecord, facts: SiteFacts): boolean {
  return [...peers].every(([selector, before]) => facts.digestOfSelected(selector) === before);
}

/** The shapes at some of their sites. */
function shapesAt(
  shapes: readonly Shape[],
  names: readonly string[],
  { numbers }: SiteGroups,
): readonly Shape[] {
  const byGroup = Map.groupBy(names, (name) => numbers.get(name) ?? null);
  return shapes.flatMap(({ groups = [], overlays, variable }) => {
    const sites = groups.flatMap((group) => byGroup.get(group) ?? []).toSorted();
    return sites.length === 0 ? [] : [{ overlays, variable, sites }];
  });
}

interface Changes {
  /** Sites that are others than they were, new or gone. */
  readonly names: readonly string[];
  readonly shapes: RenderedShapes;
  readonly input: ChangedInput;
}

function withChanges(
  last: AppRecord,
  { names, shapes, input }: Changes,
): Pick<AppRecord, "trees" | "rendering"> {
  const { context, name } = input;
  const { app, variants, ids, kinds } = last.rendering;
  const now = treeOfEach(shapes.trees);
  const before = last.trees();
  const trees = before.with(names, now);
  const given = names.flatMap((site) =>
    [before.bySite.get(site) ?? [], now.get(site) ?? []].flat(),
  );
  const known = variants instanceof PatchedMap ? variants : new PatchedMap(variants);
  const variantOf = (tree: TreeId): Variant | undefined =>
    trees.isAnywhere(tree) ? (known.get(tree) ?? shapes.variants.get(tree)) : undefined;
  const placed = placeApp(context.model, name, context.siteModel);
  return {
    trees: always(trees),
    rendering: {
      app: {
        ...app,
        sites: siteTrees(placed, trees.bySite),
        movedTo: movedAfter(app.movedTo, names, namespacesBySite(shapes.trees)),
      },
      variants: known.with(given.map((tree) => [tree, variantOf(tree)] as const)),
      places: laterPlaces(input),
      ids: always(withMore(ids(), new Set(shapes.places.keys()))),
      kinds: always(withMore(kinds(), shapes.kinds)),
    },
  };
}

function movedAfter(
  before: ReadonlyMap<string, string>,
  names: readonly string[],
  now: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (now.size === 0 && !names.some((name) => before.has(name))) return before;
  const changed = new Set(names);
  return new Map([...[...before].filter(([site]) => !changed.has(site)), ...now]);
}

// What is made later is made apart: in one scope with what was before it would keep that, and all before it.

/** Where objects come from, by a rendering of the whole. */
export function laterPlaces({ whole }: ChangedInput): PlacedRendering["places"] {
  return lazily(() => {
    const { result } = whole();
    return result.ok ? result.value.places() : new Map();
  });
}

/** Tells what is known. */
export function always<T>(value: T): () => T {
  return () => value;
}

/** All of both; the same object where there is nothing more. */
export function withMore(
  before: ReadonlySet<string>,
  added: ReadonlySet<string>,
): ReadonlySet<string> {
  return added.isSubsetOf(before) ? before : before.union(added);
}

/** Of the sites of the shapes; what is as one of these is that one. */
function effectsBySite(
  { filled, ends }: RenderedShapes,
  others: readonly Effects[],
): ReadonlyMap<string, Effects> {
  const known = new Map(others.map((own) => [textOf(own), own]));
  const found = new Map<string, Effects>();
  const met = new Map<Effects, Effects>();
  const same = (own: Effects): Effects => {
    const before = met.get(own);
    if (before !== undefined) return before;
    const text = textOf(own);
    const one = known.get(text) ?? own;
    known.set(text, one);
    met.set(own, one);
    return one;
  };
  for (const shape of filled.shapes) {
    const all = same(ends.get(shape)?.effects ?? []);
    for (const site of shape.sites) {
      const ofValues = filled.valueEffects.get(site);
      found.set(site, ofValues === undefined ? all : same([...ofValues, ...all]));
    }
  }
  return found;
}

function textOf(effects: Effects): string {
  return effects.map(textOfEffect).join(";");
}
