/**
 * An app of whose manifests others have changed than those with expressions: what is a site's own is what it was. In: what
 * the app came to. Out: what it comes to now at the sites that are as they were, and nothing of any other; or undefined,
 * where more than the objects that sites share may be another one.
 */
import { isSameList } from "../model/is-same-list.ts";
import { objectId } from "../model/kube-object.ts";
import { placeApp } from "../select/virtual-sites.ts";
import { readApp, type ShapeInput } from "./app-parts.ts";
import { siteTrees } from "./by-site.ts";
import {
  always,
  type AppRecord,
  type ChangedInput,
  keptEffects,
  laterPlaces,
  withMore,
} from "./changed-sites.ts";
import { LaterPart } from "./own-part.ts";
import { leftWhereLast } from "./overridden-overlays.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { PerSite } from "./per-site.ts";
import { lazily } from "./placed-rendering.ts";
import { renderShapes, type SharedEnds } from "./render-shapes.ts";
import type { TreeId, Variant } from "./rendered.ts";
import { type Shape, shapesOf } from "./shapes.ts";
import { changedSites } from "./site-facts.ts";
import type { AppObjects } from "./tools/app-objects.ts";
import { PartedVariant } from "./variant-parts.ts";

/** The record of an app with the manifests that it has now. */
export function withOtherManifests(last: AppRecord, input: ChangedInput): AppRecord | undefined {
  const now = input.context.facts.digests();
  const changed = new Set(changedSites(last.digests, now));
  const app = readApp(input.context, input.name);
  if (changed.size * 2 > now.size || !isFor(last, app.source)) return undefined;
  const same = unchangedShapes(app, changed);
  // Where one site of each shape has nothing new to tell, none has.
  const samples = same.map((shape) => ({ ...shape, sites: shape.sites.slice(0, 1) }));
  const shapes = renderShapes(app, samples);
  const { shared, diagnostics, kinds } = shapes;
  if (shared === null || diagnostics.length > 0 || !haveDone(shared, last)) return undefined;
  const composed = composedAt(same, last.rendering, shared);
  const effects = last.effects().with(changed, new Map());
  const left = leftWhereLast(app.app, effects, shapes);
  if (composed === undefined || left === undefined) return undefined;
  return {
    ...last,
    digests: without(now, changed),
    steps: last.steps + shapes.filled.mistakes.budget.spent,
    trees: treesPerSite(composed.trees),
    ...keptEffects(effects),
    left,
    source: app.source,
    rendering: renderingOf(composed, { last, input, changed, kinds }),
  };
}

/** Only what objects without expressions say is another thing; not which there are. */
function isFor({ source: before, told }: AppRecord, now: AppObjects): boolean {
  // What is told may be told of any of the objects.
  if (before === undefined || told.bySite.size > 0) return false;
  const haveSameIds = idsOf(before.objects) === idsOf(now.objects);
  return haveSameIds && isSameList(before.fillable, now.fillable);
}

function idsOf(objects: readonly SourceObject[]): string {
  return objects.map(({ key }) => objectId(key)).join(" ");
}

function unchangedShapes(app: ShapeInput, changed: ReadonlySet<string>): readonly Shape[] {
  return shapesOf(app, app.app).flatMap(({ sites, ...shape }) => {
    const same = changed.size === 0 ? sites : sites.filter((site) => !changed.has(site));
    return same.length === 0 ? [] : [{ ...shape, sites: same }];
  });
}

function haveDone(shared: SharedEnds, { did: before }: AppRecord): boolean {
  return [...shared].every(([overlays, { did }]) => before?.get(overlays) === did);
}

interface Composed {
  readonly trees: ReadonlyMap<string, TreeId>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
}

/** What each site has of its own, with what it now shares. */
function composedAt(
  shapes: readonly Shape[],
  { app, variants: before }: AppRecord["rendering"],
  shared: SharedEnds,
): Composed | undefined {
  const trees = new Map<string, TreeId>();
  const variants = new Map<TreeId, Variant>();
  for (const shape of shapes) {
    const overlays = shape.overlays.join();
    const part = shared.get(overlays)?.part;
    for (const site of shape.sites) {
      const variant = before.get(app.sites.get(site) ?? "");
      const own = variant instanceof PartedVariant ? variant.own : undefined;
      if (part === undefined || !(own instanceof LaterPart)) return undefined;
      // Other overlays may have come to the same before.
      if (own.overlays !== overlays) return undefined;
      const now = part.with(own);
      if (!variants.has(now.tree)) variants.set(now.tree, now);
      trees.set(site, now.tree);
    }
  }
  return { trees, variants };
}

interface Recomposed {
  readonly last: AppRecord;
  readonly input: ChangedInput;
  readonly changed: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function renderingOf(
  { trees, variants }: Composed,
  { last, input, changed, kinds }: Recomposed,
): AppRecord["rendering"] {
  const { app, ids, kinds: before } = last.rendering;
  const { model, siteModel } = input.context;
  return {
    app: {
      ...app,
      inputDigest: input.inputDigest(),
      sites: siteTrees(placeApp(model, input.name, siteModel), trees),
      movedTo: without(app.movedTo, changed),
    },
    variants,
    places: laterPlaces(input),
    ids,
    kinds: always(withMore(before(), kinds)),
  };
}

// Apart, so that it keeps no more than it needs.
function treesPerSite(trees: ReadonlyMap<string, TreeId>): AppRecord["trees"] {
  return lazily(() => PerSite.of(trees));
}

function without<T>(
  bySite: ReadonlyMap<string, T>,
  sites: ReadonlySet<string>,
): ReadonlyMap<string, T> {
  if (sites.size === 0) return bySite;
  return new Map([...bySite].filter(([site]) => !sites.has(site)));
}
