/**
 * The overlays of shapes on the objects of an app. In: shapes. Out: what they come to. The objects that shapes have in
 * common and those that are a shape's own go through the overlays apart, so that ten thousand shapes which differ in one
 * object cost ten thousand objects, and not all of the app as often.
 */
import type { Diagnostic } from "../model/diagnostic.ts";
import { objectId } from "../model/kube-object.ts";
import { applyOverlay } from "./apply-overlay.ts";
import type { FilledShape, ShapedOverlay } from "./fill-shapes.ts";
import type { LayeredApp } from "./layered-app.ts";
import { mistake } from "./mistake.ts";
import type { OtherObjects, OverlayStep, Unmatched } from "./overlay-result.ts";
import type { ManifestContext, SourceObject } from "./parse-manifests.ts";
import type { FieldPath } from "./read-yaml.ts";
import { calledByContent } from "./tools/helm-hooks.ts";
import type { OverlayEffect } from "./unused-overlays.ts";

/** Objects behind some overlays. */
export interface ChainLink {
  readonly objects: readonly SourceObject[];
  /** Of this overlay and all before it. */
  readonly diagnostics: readonly Diagnostic[];
  /** What of overlays is for none of the objects. */
  readonly unmatched: readonly PlacedUnmatched[];
  /** True where expressions of a site have had a part in it. */
  readonly isFilled: boolean;
  /** What this overlay and all before it did: equal lists are the same object. */
  readonly effects: readonly OverlayEffect[];
}

interface PlacedUnmatched extends Unmatched {
  readonly overlay: number;
}

/** What the overlays of a shape came to. */
export interface ShapeEnd extends Pick<ChainLink, "isFilled" | "effects" | "diagnostics"> {
  /** The same for all shapes with the same overlays. */
  readonly shared: ChainLink;
  /** null: the shape has no objects of its own. */
  readonly own: ChainLink | null;
}

interface NumberedLink extends ChainLink {
  readonly number: number;
}

/** Applies the overlays of shapes; what several shapes begin with, or began with in the last run, is applied once. */
export class OverlayChain {
  readonly #app: LayeredApp;
  readonly #context: ManifestContext;
  #links = new Map<string, NumberedLink>();
  #before: ReadonlyMap<string, NumberedLink> = new Map();
  #count = 0;
  readonly #steps = new Map<string, WeakMap<SourceObject, OverlayStep>>();
  readonly #effects = new SameEffects();
  /** Behind overlays that are for none of the own objects. */
  readonly #idle = new Map<string, Pick<ChainLink, "effects" | "unmatched">>();
  readonly #called = new WeakMap<ChainLink, ChainLink>();

  constructor(app: LayeredApp, context: ManifestContext) {
    this.#app = app;
    this.#context = context;
  }

  /** Begins a run: what the last one did not ask for is forgotten. */
  begin(): void {
    this.#before = this.#links;
    this.#links = new Map();
    this.#idle.clear();
  }

  /** What the overlays of a shape make of its objects. */
  apply({ overlays, literal, literalId, own, isFilled }: FilledShape): ShapeEnd {
    // An overlay may tell objects by what others there are.
    const around = own.map(({ key }) => objectId(key)).join(" ");
    let shared = this.#link(`${around} objects ${literalId}`, () => firstLink(literal, false));
    let ownLink = own.length === 0 ? null : firstLink(own, isFilled);
    for (const overlay of overlays) {
      const before = shared;
      const key = `${before.number} ${overlay.index} ${overlay.id}`;
      const others = { objects: ownLink?.objects ?? [], areFirst: false };
      shared = this.#link(key, () => this.#applyTo(before, overlay, { others, areShared: true }));
      if (ownLink === null) continue;
      ownLink = this.#ownBehind(ownLink, overlay, { own, key, others: before.objects });
    }
    return this.#endOf(this.#calledOf(shared), ownLink);
  }

  /** Own objects behind an overlay. What is for none of them by name is for none of those of any other shape, either. */
  #ownBehind(
    before: ChainLink,
    overlay: ShapedOverlay,
    {
      own,
      key,
      others,
    }: { readonly key: string } & Readonly<Record<"own" | "others", readonly SourceObject[]>>,
  ): ChainLink {
    const isAsFilled = before.objects === own;
    const known = isAsFilled ? this.#idle.get(key) : undefined;
    if (known !== undefined) return { ...before, ...known };
    const around = { others: { objects: others, areFirst: true }, areShared: false };
    const after = this.#applyTo(before, overlay, around);
    if (!isAsFilled || !isForOthers(overlay, before, after)) return after;
    const { effects, unmatched } = after;
    this.#idle.set(key, { effects, unmatched });
    return { ...before, effects, unmatched };
  }

  /** Charts have no objects of one shape only, so what was a hook is in what shapes share. */
  #calledOf(link: ChainLink): ChainLink {
    const known = this.#called.get(link);
    if (known !== undefined) return known;
    const objects = link.objects.map(calledByContent);
    const isSame = objects.every((object, index) => object === link.objects[index]);
    const called = isSame ? link : { ...link, objects };
    this.#called.set(link, called);
    return called;
  }

  #link(key: string, make: () => ChainLink): NumberedLink {
    let known = this.#links.get(key) ?? this.#before.get(key);
    if (known === undefined) {
      known = { ...make(), number: this.#count };
      this.#count += 1;
    }
    this.#links.set(key, known);
    return known;
  }

  #stepsAt(path: FieldPath): WeakMap<SourceObject, OverlayStep> {
    const key = path.join(".");
    const known = this.#steps.get(key) ?? new WeakMap<SourceObject, OverlayStep>();
    this.#steps.set(key, known);
    return known;
  }

  #applyTo(
    before: ChainLink,
    { index, overlay, isFilled }: ShapedOverlay,
    { others, areShared }: { readonly others: OtherObjects; readonly areShared: boolean },
  ): ChainLink {
    const at = ["spec", "overlays", index];
    const placed = {
      overlay,
      others,
      at: (path: FieldPath) => this.#app.at([...at, ...path]),
      keyAt: (path: FieldPath) => this.#app.keyAt([...at, ...path]),
      // Shapes that differ in one object have all others in common.
      ...(areShared &&
        !isFilled && { steps: (path: FieldPath) => this.#stepsAt([...at, ...path]) }),
    };
    const result = applyOverlay(before.objects, placed, this.#context);
    const { objects, diagnostics, changed, matchedImages } = result;
    // A profile is for all apps: what one of them does not have is no mistake.
    const isForAny = this.#app.layers[index]?.profile !== null;
    const unmatched = isForAny ? [] : result.unmatched.map((each) => ({ ...each, overlay: index }));
    return {
      objects,
      effects: this.#effects.with(before.effects, { overlay: index, changed, matchedImages }),
      diagnostics: joined(before.diagnostics, diagnostics),
      unmatched: joined(before.unmatched, unmatched),
      isFilled: before.isFilled || isFilled,
    };
  }

  #endOf(shared: ChainLink, own: ChainLink | null): ShapeEnd {
    const all = own === null ? shared.diagnostics : joined(shared.diagnostics, own.diagnostics);
    const unmatched = unmatchedBy(shared, own).map(({ overlay, path, told }) =>
      mistake(this.#app.at(["spec", "overlays", overlay, ...path]), told()),
    );
    return {
      shared,
      own,
      isFilled: shared.isFilled || own?.isFilled === true,
      diagnostics: joined(all, unmatched),
      effects: own === null ? shared.effects : this.#effects.together(shared.effects, own.effects),
    };
  }
}

function firstLink(objects: readonly SourceObject[], isFilled: boolean): ChainLink {
  return { objects, diagnostics: [], unmatched: [], isFilled, effects: noEffects };
}

/** Fields of an overlay that say by names alone which objects they are for, or that are for none. */
const byName: ReadonlySet<string> = new Set(["virtualSites", "values", "patches", "replicas"]);

/** By the names and kinds of the objects it was for none of them, whatever is in them. */
function isForOthers(
  { overlay, isFilled }: ShapedOverlay,
  before: ChainLink,
  after: ChainLink,
): boolean {
  const { patches = [], replicas = [] } = overlay;
  const unmatched = after.unmatched.length - before.unmatched.length;
  return (
    !isFilled &&
    unmatched === patches.length + replicas.length &&
    Object.keys(overlay).every((field) => byName.has(field))
  );
}

const noEffects: readonly OverlayEffect[] = [];

/** Mostly one of them is empty. */
function joined<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (b.length === 0) return a;
  return a.length === 0 ? b : [...a, ...b];
}

/** What is for no object at all. */
function unmatchedBy(shared: ChainLink, own: ChainLink | null): readonly PlacedUnmatched[] {
  if (own === null || shared.unmatched.length === 0) return shared.unmatched;
  return shared.unmatched.flatMap((one) => {
    const other = own.unmatched.find(
      ({ overlay, step }) => overlay === one.overlay && step === one.step,
    );
    if (other === undefined) return [];
    return one.hasTargets ? one : other;
  });
}

/** Lists of effects: the same object for equal ones, of which there are few. */
class SameEffects {
  readonly #after = new WeakMap<readonly OverlayEffect[], Map<string, readonly OverlayEffect[]>>();
  readonly #together = new WeakMap<
    readonly OverlayEffect[],
    Map<readonly OverlayEffect[], readonly OverlayEffect[]>
  >();

  with(before: readonly OverlayEffect[], effect: OverlayEffect): readonly OverlayEffect[] {
    const after = this.#after.get(before) ?? new Map<string, readonly OverlayEffect[]>();
    this.#after.set(before, after);
    const key = textOfEffect(effect);
    const known = after.get(key) ?? [...before, effect];
    after.set(key, known);
    return known;
  }

  /** What the same overlays did to two parts of the objects. */
  together(a: readonly OverlayEffect[], b: readonly OverlayEffect[]): readonly OverlayEffect[] {
    const others = this.#together.get(a) ?? new Map<typeof b, readonly OverlayEffect[]>();
    this.#together.set(a, others);
    const known = others.get(b) ?? this.#sum(a, b);
    others.set(b, known);
    return known;
  }

  #sum(a: readonly OverlayEffect[], b: readonly OverlayEffect[]): readonly OverlayEffect[] {
    let sum = noEffects;
    for (const [position, { overlay, changed, matchedImages }] of a.entries()) {
      const other = b[position];
      sum = this.with(sum, {
        overlay,
        changed: changed || other?.changed === true,
        matchedImages: matchedImages.union(other?.matchedImages ?? new Set()),
      });
    }
    return sum;
  }
}

/** Equal for equal effects. */
export function textOfEffect({ overlay, changed, matchedImages }: OverlayEffect): string {
  return `${overlay} ${changed} ${[...matchedImages].toSorted((a, b) => a - b).join()}`;
}
