/** The shapes of an app -> what each of them comes to: its variants, and all that is wrong with it. */
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import { type KubeObject, type ObjectId, objectId } from "../model/kube-object.ts";
import { regionField } from "../secrets/region-secret.ts";
import type { ShapeInput } from "./app-parts.ts";
import { namespaceOf } from "./by-site.ts";
import { type FilledShape, type FilledShapes, fillShapes } from "./fill-shapes.ts";
import type { Finish } from "./finish-object.ts";
import { treeIdOfEntries } from "./git-tree.ts";
import type { LayeredApp } from "./layered-app.ts";
import { mistake } from "./mistake.ts";
import type { ChainLink } from "./overlay-chain.ts";
import type { SourceObject } from "./parse-manifests.ts";
import type { TreeId, Variant } from "./rendered.ts";
import type { Shape } from "./shapes.ts";
import type { OverlayEffect } from "./unused-overlays.ts";

/** What shapes came to. */
export interface RenderedShapes {
  /** Of each sound shape with sites. */
  readonly trees: ReadonlyMap<FilledShape, TreeId>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
  /** Of the objects of all shapes: the first of each. */
  readonly places: ReadonlyMap<ObjectId, Place>;
  readonly diagnostics: readonly Diagnostic[];
  /** What overlays made: of each shape, whatever has become of it. */
  readonly ends: ReadonlyMap<FilledShape, ChainLink>;
  readonly filled: FilledShapes;
}

/** Renders shapes of an app. */
export function renderShapes(input: ShapeInput, unfilled: readonly Shape[]): RenderedShapes {
  const filled = fillShapes({ ...input, ...input.source }, unfilled);
  const { shapes, mistakes } = filled;
  const trees = new Map<FilledShape, TreeId>();
  const ends = new Map<FilledShape, ChainLink>();
  const variants = new Map<TreeId, Variant>();
  const moved: SourceObject[] = [];
  input.chain.begin();
  for (const shape of shapes) {
    const end = input.chain.apply(shape);
    ends.set(shape, end);
    const result = renderShape(end, input, shape);
    for (const found of result.diagnostics) mistakes.tell(found, shape.sites, end.isFilled);
    if (namespaceOf(shape) !== undefined) moved.push(...end.objects);
    if (!result.ok) continue;
    const { tree } = result.value;
    variants.set(tree, variants.get(tree) ?? result.value);
    trees.set(shape, tree);
  }
  return {
    trees,
    variants,
    places: placesOf([...shapes.map(({ objects }) => objects), moved]),
    diagnostics: mistakes.diagnostics(),
    ends,
    filled,
  };
}

/** The effects of everything that did something at some site. */
export function allEffects(
  app: LayeredApp,
  { ends, filled }: Pick<RenderedShapes, "ends" | "filled">,
): readonly OverlayEffect[] {
  const ofValues = [...new Set(filled.valueEffects.values())];
  const ofChains = [...ends.values()].flatMap((end) => end.effects);
  return [...ofValues.flat(), ...chartEffects(app, filled.shapes), ...ofChains];
}

/** The values of overlays of a chart: they are in the objects already. */
function chartEffects(
  { value: { spec } }: LayeredApp,
  shapes: readonly FilledShape[],
): readonly OverlayEffect[] {
  if (spec.source.chart === undefined) return [];
  const held = new Set(shapes.flatMap(({ overlays }) => overlays.map(({ index }) => index)));
  return [...held].flatMap((overlay) =>
    Object.keys(spec.overlays?.[overlay]?.values ?? {}).length === 0
      ? []
      : [{ overlay, changed: true, matchedImages: new Set<number>() }],
  );
}

/** Where objects come from: the first of each. */
function placesOf(lists: readonly (readonly SourceObject[])[]): ReadonlyMap<ObjectId, Place> {
  const places = new Map<ObjectId, Place>();
  const seen = new Set<SourceObject>();
  for (const objects of lists) {
    for (const object of objects) {
      if (seen.has(object)) continue;
      seen.add(object);
      const id = objectId(object.key);
      if (!places.has(id)) places.set(id, object.at([]));
    }
  }
  return places;
}

/** Nothing of the app's source: what it gets from its region is no app by itself. */
export function areSecretsOnly(objects: readonly { readonly object: KubeObject }[]): boolean {
  return objects.every(({ object }) => object[regionField] !== undefined);
}

/** The variant of a shape whose overlays were applied; of a shape without sites, its mistakes only. */
function renderShape(end: ChainLink, input: ShapeInput, shape: FilledShape): Parsed<Variant> {
  if (areSecretsOnly(end.objects)) {
    return { ok: false, diagnostics: [...end.diagnostics, ...emptyShape(input, shape)] };
  }
  const variant = input.variants.get(end, [], () => variantOf(end, input.finish));
  if (shape.sites.length > 0) return variant;
  return { ok: false, diagnostics: variant.diagnostics };
}

function variantOf({ objects, diagnostics }: ChainLink, finish: Finish): Parsed<Variant> {
  const finished = objects.map(finish);
  const problems = [...diagnostics, ...finished.flatMap((each) => each.problems)];
  if (problems.some(isError)) return { ok: false, diagnostics: problems };
  const sorted = finished.toSorted((a, b) => (a.rendered.id < b.rendered.id ? -1 : 1));
  const tree = treeIdOfEntries(sorted.map(({ entry }) => entry));
  const value = { tree, objects: sorted.map(({ rendered }) => rendered) };
  return { ok: true, value, diagnostics: problems };
}

function emptyShape({ app, source }: ShapeInput, { sites, overlays }: FilledShape): Diagnostic[] {
  if (sites.length === 0 && source.fillable.length > 0) return [];
  const place = app.at(["spec", "overlays", overlays.at(-1)?.index ?? 0]);
  const message = `the app renders to no object at ${sites[0] ?? "any site"}: patches delete all of them`;
  const hint = "to take the app off a site, change its placement";
  return [mistake(place, { code: "empty-app", message, hint })];
}
