import type { Diagnostic } from "../model/diagnostic.ts";
import { applyOverlay, type OverlayStep } from "./apply-overlay.ts";
import type { FilledShape, ShapedOverlay } from "./fill-shapes.ts";
import type { LayeredApp } from "./layered-app.ts";
import type { ManifestContext, SourceObject } from "./parse-manifests.ts";
import type { FieldPath } from "./read-yaml.ts";
import type { OverlayEffect } from "./unused-overlays.ts";

/** The objects of an app behind some overlays. */
export interface ChainLink {
  readonly objects: readonly SourceObject[];
  /** Of this overlay and all before it. */
  readonly diagnostics: readonly Diagnostic[];
  /** True where expressions of a site have had a part in it. */
  readonly isFilled: boolean;
  /** What this overlay and all before it did. */
  readonly effects: readonly OverlayEffect[];
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

  constructor(app: LayeredApp, context: ManifestContext) {
    this.#app = app;
    this.#context = context;
  }

  /** Begins a run: what the last one did not ask for is forgotten. */
  begin(): void {
    this.#before = this.#links;
    this.#links = new Map();
  }

  /** What the overlays of a shape make of its objects. */
  apply({ overlays, objects, objectsId, isFilled }: FilledShape): ChainLink {
    let link = this.#link(`objects ${objectsId}`, () => ({
      objects,
      diagnostics: [],
      isFilled,
      effects: [],
    }));
    for (const overlay of overlays) {
      const before = link;
      const key = `${before.number} ${overlay.index} ${overlay.id}`;
      link = this.#link(key, () => this.#applyTo(before, overlay));
    }
    return link;
  }

  #link(key: string, make: () => Omit<NumberedLink, "number">): NumberedLink {
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
  ): Omit<NumberedLink, "number"> {
    const at = ["spec", "overlays", index];
    const placed = {
      overlay,
      at: (path: FieldPath) => this.#app.at([...at, ...path]),
      // Shapes that differ in one object have all others in common.
      ...(!isFilled && { steps: (path: FieldPath) => this.#stepsAt([...at, ...path]) }),
    };
    const { objects, changed, matchedImages, ...result } = applyOverlay(
      before.objects,
      placed,
      this.#context,
    );
    // A profile is for all apps: what one of them does not have is no mistake.
    const isForAny = this.#app.layers[index]?.profile !== null;
    const found = result.diagnostics.filter(({ code }) => !isForAny || code !== "patch-no-target");
    return {
      objects,
      effects: [...before.effects, { overlay: index, changed, matchedImages }],
      diagnostics: [...before.diagnostics, ...found],
      isFilled: before.isFilled || isFilled,
    };
  }
}
