/**
 * Overlays of an App whose changes later ones take back or set anew: where they do so at all sites, everything would be the
 * same without. In: what overlays did and gave. Out: for each of them a site at which what it did is left, or that there is
 * none; so that, when some sites change, only those need to be looked at.
 */
import type { Diagnostic } from "../model/diagnostic.ts";
import { isSameJson } from "../model/json.ts";
import type { FilledShape } from "./fill-shapes.ts";
import type { LayeredApp } from "./layered-app.ts";
import { warning } from "./mistake.ts";
import type { ChainLink, OverlayChain, ShapeEnd } from "./overlay-chain.ts";
import type { PerSite } from "./per-site.ts";
import { asserts, type OverlayEffect } from "./unused-overlays.ts";

/** By position, of overlays that change something: a site at which that is left; null: at none. */
export type LeftOverlays = ReadonlyMap<number, string | null>;

/** What shapes came to, and the chain that they were made by. */
export interface ShapeEnds {
  readonly ends: ReadonlyMap<FilledShape, ShapeEnd>;
  readonly chain: OverlayChain;
}

/** Where what overlays did is left, at the sites of all shapes of an app. */
export function leftOverlays(app: LayeredApp, shapes: ShapeEnds): LeftOverlays {
  const effects = [...new Set([...shapes.ends.values()].map((end) => end.effects))].flat();
  const last = lastChanges(shapes);
  return new Map(
    overridable(app, effects).map((index) => [
      index,
      last.get(index) ?? siteWithEffect(index, shapes) ?? null,
    ]),
  );
}

/** What has changed since. */
export interface ChangedOverlays {
  /** Sites that are others than they were, or gone: what they came to is not in `last`. */
  readonly changed: ReadonlySet<string>;
  /** Of the sites among them that have the app. */
  readonly shapes: ShapeEnds;
  /** What overlays did at all sites, in the order in which they were applied. */
  readonly effects: PerSite<readonly OverlayEffect[]>;
}

/** The same where only some sites have changed; undefined where all others have to be looked at, too. */
export function leftAfterChanges(
  app: LayeredApp,
  last: LeftOverlays,
  { changed, shapes, effects }: ChangedOverlays,
): LeftOverlays | undefined {
  const left = new Map<number, string | null>();
  const lastNow = lastChanges(shapes);
  for (const index of overridable(app, effects.distinct.flat())) {
    // One that did nothing before is left nowhere, too.
    const known = last.get(index) ?? null;
    const isKept = known !== null && !changed.has(known);
    const site = isKept ? known : (lastNow.get(index) ?? siteWithEffect(index, shapes));
    const found = site ?? (known === null ? null : siteWhereLast(index, effects));
    if (found === undefined) return undefined;
    left.set(index, found);
  }
  return left;
}

/** Warnings of overlays that are left at no site. */
export function overriddenOverlays(app: LayeredApp, left: LeftOverlays): readonly Diagnostic[] {
  const nowhere = [...left].flatMap(([index, site]) => (site === null ? index : []));
  return nowhere
    .toSorted((a, b) => a - b)
    .map((index) => {
      const title = app.layers[index]?.title ?? "";
      const message = `${title} has no effect left at any site: later ones set the same anew`;
      const place = app.at(["spec", "overlays", index]);
      return warning(place, { code: "no-effect", message, hint: "remove it" });
    });
}

/**
 * Those that did something. Values are read by others, and what they do is told elsewhere; profiles are for all apps; and
 * what is asserted is not taken back by what comes later.
 */
function overridable(app: LayeredApp, effects: readonly OverlayEffect[]): readonly number[] {
  const changing = new Set(effects.flatMap(({ overlay, changed }) => (changed ? overlay : [])));
  return [...changing].filter((index) => {
    const layer = app.layers[index];
    if (layer?.profile !== null || layer.overlay.values !== undefined) return false;
    return !asserts(layer.overlay);
  });
}

/** The last one to change something at a site has an effect: nearly always that is every one, somewhere. */
function lastChanges({ ends }: Pick<ShapeEnds, "ends">): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const [{ sites }, { effects }] of ends) {
    const index = lastChange(effects);
    const [site] = sites;
    if (index !== undefined && site !== undefined && !found.has(index)) found.set(index, site);
  }
  return found;
}

/**
 * So many objects are put through overlays to see what is left of those of one shape. Where it would take more, each is
 * taken to be left: looking costs the square of the number of overlays, and what is not told is a warning.
 */
const maxLook = 40_000;

/** Where it is not the last one. */
function siteWithEffect(index: number, { ends, chain }: ShapeEnds): string | undefined {
  const found = [...ends].find(([shape, end]) => {
    const overlays = shape.overlays.filter((overlay) => overlay.index !== index);
    if (overlays.length === shape.overlays.length) return false;
    const objects = end.shared.objects.length + (end.own?.objects.length ?? 0);
    if (shape.overlays.length ** 2 * objects > maxLook) return true;
    return !isSameResult(end, chain.apply({ ...shape, overlays }));
  });
  return found?.[0].sites[0];
}

/** For each of them a site where it is the last to do something; undefined where one is that at none of these. */
export function leftWhereLast(
  app: LayeredApp,
  effects: ChangedOverlays["effects"],
  shapes: Pick<ShapeEnds, "ends">,
): LeftOverlays | undefined {
  const last = lastChanges(shapes);
  const indexes = overridable(app, effects.distinct.flat());
  const left = new Map(indexes.map((index) => [index, last.get(index) ?? null]));
  return [...left.values()].includes(null) ? undefined : left;
}

function siteWhereLast(index: number, effects: ChangedOverlays["effects"]): string | undefined {
  return [...effects.bySite].find(([, own]) => lastChange(own) === index)?.[0];
}

function lastChange(effects: readonly OverlayEffect[]): number | undefined {
  return effects.findLast(({ changed }) => changed)?.overlay;
}

function isSameResult(a: ShapeEnd, b: ShapeEnd): boolean {
  return (
    a.diagnostics.length === b.diagnostics.length &&
    haveSameObjects(a.shared, b.shared) &&
    haveSameObjects(a.own, b.own)
  );
}

function haveSameObjects(a: ChainLink | null, b: ChainLink | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.objects.length === b.objects.length &&
    a.objects.every(({ object }, index) => {
      const other = b.objects[index]?.object;
      return other !== undefined && isSameJson(object, other);
    })
  );
}
