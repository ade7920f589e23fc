/**
 * An app whose expressions read facts of sites, where nothing has changed since but the sites: it is rendered at those
 * whose facts are others, and is at all others what it was. In: what it came to, and with which facts. Out: the same as from
 * nothing; or undefined, where that is not certain: what is wrong at a site is told over all sites.
 */
import { StepBudget } from "../expressions/step-budget.ts";
import type { Parsed } from "../model/diagnostic.ts";
import { type SiteGroups, siteGroups } from "../select/site-groups.ts";
import { type FleetContext, readApp, type ShapeInput } from "./app-parts.ts";
import { namespacesBySite, treesBySite } from "./by-site.ts";
import { idsOf, lazily, type PlacedRendering } from "./placed-rendering.ts";
import { type LeftOverlays, leftAfterChanges, overriddenOverlays } from "./overridden-overlays.ts";
import { unusedPlainSecrets } from "./plain-secrets.ts";
import { type RenderedShapes, renderShapes } from "./render-shapes.ts";
import type { TreeId, Variant } from "./rendered.ts";
import { type Shape, shapesOf } from "./shapes.ts";
import { isSameSite, type KnownSite, type SiteFacts } from "./site-facts.ts";
import { type OverlayEffect, unusedOverlays } from "./unused-overlays.ts";

type Effects = readonly OverlayEffect[];

/** What an app came to. */
export interface AppRecord {
  readonly facts: SiteFacts;
  /** What `sites(…)` gave, by what it was asked for. */
  readonly peers: ReadonlyMap<string, readonly KnownSite[]>;
  /** What its expressions took; at least what they would take together. */
  readonly steps: number;
  /** What overlays did, by site: few are different, and equal ones the same object. */
  readonly effects: ReadonlyMap<string, Effects>;
  /** Where that is left behind all overlays. */
  readonly left: LeftOverlays;
  readonly rendering: PlacedRendering;
}

/** What was rendered, for `renderChanged`; undefined where it has to be rendered as a whole for other sites. */
export function recordOf(
  { facts, app }: ShapeInput,
  shapes: RenderedShapes,
  { rendering, left }: Pick<AppRecord, "rendering" | "left">,
): AppRecord | undefined {
  const { selectors, mistakes } = shapes.filled;
  const isSound = shapes.diagnostics.length === 0 && rendering.app.sites.size > 0;
  const { plainSecrets = [], source } = app.value.spec;
  // Which Secrets the source has may be another thing at each site.
  const areSecretsOfSites = plainSecrets.length > 0 && source.expressions === true;
  if (!isSound || selectors === null || areSecretsOfSites) return undefined;
  return {
    facts,
    peers: new Map(selectors.map((selector) => [selector, facts.selected(selector)])),
    steps: mistakes.budget.spent,
    effects: effectsBySite(shapes, []),
    left,
    rendering,
  };
}

/** What an app is rendered with. */
export interface ChangedInput {
  readonly context: FleetContext;
  readonly name: string;
  /** Renders all of it. */
  readonly whole: () => { readonly result: Parsed<PlacedRendering> };
}

interface Changed {
  readonly result: Parsed<PlacedRendering>;
  readonly record: () => AppRecord;
}

/** The app for the sites of `context`; undefined where it has to be rendered as a whole. */
export function renderChanged(last: AppRecord, input: ChangedInput): Changed | undefined {
  const { context, name } = input;
  const { facts, model, siteModel } = context;
  const names = facts.changesSince(last.facts);
  if (names.length * 2 > siteModel.sites.size || !hasSamePeers(last, facts)) return undefined;
  const app = readApp(context, name);
  const groups = siteGroups(model.virtualSites, siteModel.sites);
  const shapes = renderShapes(app, shapesAt(shapesOf(app, app.app), names, groups));
  const steps = last.steps + shapes.filled.mistakes.budget.spent;
  if (shapes.diagnostics.length > 0 || !new StepBudget().allows(steps)) return undefined;
  const changed = new Set(names);
  const rendering = withChanges(last.rendering, { changed, shapes, input });
  if (rendering.app.sites.size === 0) return undefined;
  const others = [...last.effects].filter(([site]) => !changed.has(site));
  const effects = effectsBySite(shapes, others);
  const changes = { changed, shapes: { ends: shapes.ends, chain: app.chain }, effects };
  const left = leftAfterChanges(app.app, last.left, changes);
  if (left === undefined) return undefined;
  const record = { facts, peers: last.peers, steps, effects, left, rendering };
  const diagnostics = [
    ...app.source.diagnostics,
    ...unusedOverlays(app.app, [...new Set(effects.values())].flat()),
    ...unusedPlainSecrets(app.app, [app.source]),
    ...overriddenOverlays(app.app, left),
  ];
  return { result: { ok: true, value: rendering, diagnostics }, record: () => record };
}

function hasSamePeers({ peers }: AppRecord, facts: SiteFacts): boolean {
  return [...peers].every(([selector, before]) => {
    const now = facts.selected(selector);
    const isSame = (site: KnownSite, index: number): boolean => {
      const other = before[index];
      return other !== undefined && isSameSite(site, other);
    };
    return now.length === before.length && now.every(isSame);
  });
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
  readonly changed: ReadonlySet<string>;
  readonly shapes: RenderedShapes;
  readonly input: ChangedInput;
}

function withChanges(last: PlacedRendering, { changed, shapes, input }: Changes): PlacedRendering {
  const { context, whole } = input;
  const others = [...last.app.sites].filter(([site]) => !changed.has(site));
  const sites = [...others, ...treesBySite(shapes.trees, context)];
  const moved = [...last.app.movedTo].filter(([site]) => !changed.has(site));
  const variantOf = (tree: TreeId): Variant | undefined =>
    last.variants.get(tree) ?? shapes.variants.get(tree);
  const variants = sites.flatMap(([, tree]): [TreeId, Variant][] => {
    const variant = variantOf(tree);
    return variant === undefined ? [] : [[tree, variant]];
  });
  const [before, added] = [last.ids(), idsOf(shapes.variants.values())];
  // Not made later: that would keep all that was before.
  const ids = added.isSubsetOf(before) ? before : before.union(added);
  return {
    app: {
      ...last.app,
      sites: new Map(sites.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      movedTo: new Map([...moved, ...namespacesBySite(shapes.trees)]),
    },
    variants: new Map(variants),
    places: lazily(() => {
      const { result } = whole();
      return result.ok ? result.value.places() : new Map();
    }),
    ids: () => ids,
    reads: last.reads,
  };
}

function effectsBySite(
  { filled, ends }: RenderedShapes,
  others: readonly (readonly [string, Effects])[],
): ReadonlyMap<string, Effects> {
  const known = new Map(
    [...new Set(others.map(([, own]) => own))].map((own) => [textOf(own), own]),
  );
  const found = new Map(others);
  const same = (own: Effects): Effects => {
    const text = textOf(own);
    const one = known.get(text) ?? own;
    known.set(text, one);
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
  const texts = effects.map(
    ({ overlay, changed, matchedImages }) => `${overlay} ${changed} ${[...matchedImages].join()}`,
  );
  return texts.join(";");
}
