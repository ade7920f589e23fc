/** The shapes of an app -> what each of them comes to: its variants, and all that is wrong with it. */
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import { type KubeObject, type ObjectId, objectId } from "../model/kube-object.ts";
import { regionField } from "../secrets/region-secret.ts";
import type { ShapeInput } from "./app-parts.ts";
import { type FilledFrom, type FilledShape, type FilledShapes, fillShapes } from "./fill-shapes.ts";
import { contentFinisher, type Finish } from "./finish-object.ts";
import type { LayeredApp } from "./layered-app.ts";
import { mistake } from "./mistake.ts";
import { type ChainLink, type ShapeEnd, textOfEffect } from "./overlay-chain.ts";
import type { SourceObject } from "./parse-manifests.ts";
import type { TreeId, Variant } from "./rendered.ts";
import type { Shape } from "./shapes.ts";
import type { SiteMistakes } from "./site-mistakes.ts";
import { ofSome, type ToldOfSites } from "./tools/told-at-sites.ts";
import type { OverlayEffect } from "./unused-overlays.ts";
import { OwnMaker } from "./own-part.ts";
import { SharedPart } from "./variant-parts.ts";

/** What shapes came to. */
export interface RenderedShapes {
  /** Of each sound shape with sites. */
  readonly trees: ReadonlyMap<FilledShape, TreeId>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
  /** Where objects of variants come from: the first of each. */
  readonly places: ReadonlyMap<ObjectId, Place>;
  /** API versions and kinds of the objects of variants: `apps/v1 Deployment`. */
  readonly kinds: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
  /** What shapes with objects of their own have beside them; null: not only overlays say which. */
  readonly shared: SharedEnds | null;
  /** What overlays made: of each shape, whatever has become of it. */
  readonly ends: ReadonlyMap<FilledShape, ShapeEnd>;
  readonly filled: FilledShapes;
}

/** By positions of overlays, as text. */
export type SharedEnds = ReadonlyMap<string, SharedEnd>;

/** What overlays made of objects that shapes have in common. */
interface SharedEnd {
  readonly part: SharedPart;
  /** What else there was, what they did, and what they found nothing for. */
  readonly did: string;
}

/** Renders shapes of an app. */
export function renderShapes(input: ShapeInput, unfilled: readonly Shape[]): RenderedShapes {
  const filled = fillShapes({ ...input.source, app: input.app, facts: input.facts }, unfilled);
  const { shapes, mistakes } = filled;
  const trees = new Map<FilledShape, TreeId>();
  const ends = new Map<FilledShape, ShapeEnd>();
  const variants = new Map<TreeId, Variant>();
  const objects = new ObjectsOfApp();
  const finishOwn = contentFinisher(input.owner, input.customKinds);
  const making = { ...input, maker: new OwnMaker(input), finishOwn };
  const told: ToldOfShape[] = [];
  const isByTool = input.source.variableOf !== undefined;
  input.chain.begin();
  for (const shape of shapes) {
    const end = input.chain.apply(shape);
    ends.set(shape, end);
    const result = renderShape(end, making, shape);
    const { diagnostics } = result;
    // Of what a tool made it counts at how many of all shapes something is.
    if (diagnostics.length > 0 || isByTool) {
      told.push({ diagnostics, sites: shape.sites, isFilled: end.isFilled });
    }
    if (!result.ok) continue;
    objects.add(end);
    const { tree } = result.value;
    variants.set(tree, variants.get(tree) ?? result.value);
    trees.set(shape, tree);
  }
  tellOf(told, mistakes, isByTool);
  return {
    trees,
    variants,
    shared: sharedEnds(ends, input),
    places: objects.places,
    kinds: objects.kinds,
    diagnostics: mistakes.diagnostics(),
    ends,
    filled,
  };
}

interface ToldOfShape extends ToldOfSites {
  /** Facts of sites are in it. */
  readonly isFilled: boolean;
}

/**
 * With sites where facts of theirs are in it, and where it is in what a tool made for some of them only, which no line
 * tells.
 */
function tellOf(told: readonly ToldOfShape[], mistakes: SiteMistakes, isByTool: boolean): void {
  const isOfTool = ({ line }: Diagnostic): boolean => isByTool && line === 0;
  const isOfSome = ofSome(told.map(({ diagnostics }) => diagnostics.filter(isOfTool)));
  for (const { diagnostics, sites, isFilled } of told) {
    for (const each of diagnostics) {
      mistakes.tell(each, sites, isFilled || (isOfTool(each) && isOfSome(each)));
    }
  }
}

/** The effects of everything that did something at some site. */
export function allEffects(
  app: LayeredApp,
  { ends, filled }: Pick<RenderedShapes, "ends" | "filled">,
): readonly OverlayEffect[] {
  const ofValues = [...new Set(filled.valueEffects.values())];
  const ofChains = [...new Set([...ends.values()].map((end) => end.effects))].flat();
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

function sharedEnds(
  ends: ReadonlyMap<FilledShape, ShapeEnd>,
  input: ShapeInput,
): SharedEnds | null {
  const found = new Map<FilledFrom["shape"], { link: ChainLink; own: readonly SourceObject[] }>();
  for (const [{ from, own, overlays }, { shared: link }] of ends) {
    const isOfSite = overlays.some(({ isFilled }) => isFilled);
    if (from === null || own.length === 0 || isOfSite) return null;
    const known = found.get(from.shape);
    if (known === undefined) found.set(from.shape, { link, own });
    else if (known.link !== link) return null;
  }
  const entries = [...found].map(([{ overlays }, { link, own }]): [string, SharedEnd] => {
    const unmatched = link.unmatched.map(({ overlay, step }) => `${overlay} ${step}`);
    const others = own.map(({ key }) => objectId(key));
    const did = [others, link.effects.map(textOfEffect), unmatched];
    return [overlays.join(), { part: sharedPart(link, input), did: JSON.stringify(did) }];
  });
  return new Map(entries);
}

function sharedPart(link: ChainLink, { shared, finish }: ShapeInput): SharedPart {
  return shared.get(link, [], () => new SharedPart(link.objects.map(finish)));
}

/** What there is at some site or other. */
class ObjectsOfApp {
  readonly places = new Map<ObjectId, Place>();
  readonly kinds = new Set<string>();
  readonly #seen = new Set<ChainLink | SourceObject>();

  add({ shared, own }: ShapeEnd): void {
    if (!this.#seen.has(shared)) {
      this.#addAll(shared.objects.filter((object) => !this.#seen.has(object)));
      for (const seen of [shared, ...shared.objects]) this.#seen.add(seen);
    }
    if (own !== null) this.#addAll(own.objects);
  }

  #addAll(objects: readonly SourceObject[]): void {
    for (const { object, key, at } of objects) {
      const id = objectId(key);
      if (!this.places.has(id)) this.places.set(id, at([]));
      this.kinds.add(`${object.apiVersion} ${object.kind}`);
    }
  }
}

/** Nothing of the app's source: what it gets from its region is no app by itself. */
export function areSecretsOnly(objects: readonly { readonly object: KubeObject }[]): boolean {
  return objects.every(({ object }) => object[regionField] !== undefined);
}

interface ShapeMaking extends ShapeInput {
  readonly maker: OwnMaker;
  readonly finishOwn: Finish;
}

/** The variant of a shape whose overlays were applied; of a shape without sites, its mistakes only. */
function renderShape(end: ShapeEnd, input: ShapeMaking, shape: FilledShape): Parsed<Variant> {
  const { objects } = end.shared;
  const ownObjects = end.own?.objects ?? [];
  if (areSecretsOnly(ownObjects) && areSecretsOnly(objects)) {
    return { ok: false, diagnostics: [...end.diagnostics, ...emptyShape(input, shape)] };
  }
  const shared = sharedPart(end.shared, input);
  const own = ownObjects.map(input.finishOwn);
  const found = own.flatMap(({ problems }) => problems);
  const diagnostics = [...end.diagnostics, ...shared.problems, ...found];
  if (diagnostics.some(isError) || shape.sites.length === 0) return { ok: false, diagnostics };
  const value = end.own === null ? shared.alone : shared.with(input.maker.partOf(own, shape));
  return { ok: true, value, diagnostics };
}

function emptyShape({ app, source }: ShapeInput, { sites, overlays }: FilledShape): Diagnostic[] {
  if (sites.length === 0 && source.fillable.length > 0) return [];
  const place = app.at(["spec", "overlays", overlays.at(-1)?.index ?? 0]);
  const message = `the app renders to no object at ${sites[0] ?? "any site"}: patches delete all of them`;
  const hint = "to take the app off a site, change its placement";
  return [mistake(place, { code: "empty-app", message, hint })];
}
