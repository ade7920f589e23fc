/**
 * The shapes of an app -> the same by what its expressions come to. Sites at which all of them come to the same share a
 * shape, so the cost of rendering follows the distinct variants. Without an expression nothing is asked of any site.
 */
import type { ReadPath } from "../cel/cel-reads.ts";
import type { ExpressionFacts } from "../expressions/expression-language.ts";
import { allSelectors, fillableJson } from "../expressions/fill-json.ts";
import type { JsonObject } from "../model/json.ts";
import { keptFor } from "../model/known-fleet.ts";
import type { Overlay } from "../model/kinds.ts";
import { filledOverlayMistakes } from "./check-filled-overlay.ts";
import {
  byObjectId,
  type FillManifests,
  type FillableManifests,
  ManifestFilling,
  manifestsAt,
} from "./fill-manifests.ts";
import { FillablePart } from "./fillable-part.ts";
import { type LayeredApp, valueOrder } from "./layered-app.ts";
import { countingLayers, mergeValues, presentValues } from "./merge-values.ts";
import type { SourceObject } from "./parse-manifests.ts";
import type { FieldPath } from "./read-yaml.ts";
import type { KnownSite, SiteFacts } from "./site-facts.ts";
import { SiteMistakes } from "./site-mistakes.ts";
import type { Shape } from "./shapes.ts";
import type { OverlayEffect } from "./unused-overlays.ts";
import { ValueLayers } from "./value-layers.ts";

/** An overlay as it is at the sites of a shape. */
export interface ShapedOverlay {
  /** Position in the overlays of the layered App. */
  readonly index: number;
  readonly overlay: Overlay;
  /** Equal for equal content of the same overlay. */
  readonly id: string;
  /** It holds expressions: its mistakes are those of the sites. */
  readonly isFilled: boolean;
}

/** Sites at which an app comes to the same. */
export interface FilledShape {
  readonly overlays: readonly ShapedOverlay[];
  /** Objects that no expression is in. */
  readonly literal: readonly SourceObject[];
  /** Equal for equal ones. */
  readonly literalId: string;
  /** What manifests with expressions come to there. */
  readonly own: readonly SourceObject[];
  /** What all that was filled in is made of; null: nothing was, or other sites have a part in it. */
  readonly from: FilledFrom | null;
  readonly isFilled: boolean;
  readonly sites: readonly string[];
  /** Where the groups of a site decide alone: which they are. */
  readonly groups?: readonly number[];
}

/** What a shape can be filled in from once more. */
export interface FilledFrom {
  readonly shape: Pick<Shape, "overlays" | "variable">;
  /** One of its sites. */
  readonly site: KnownSite;
}

/** All objects of a shape before its overlays. */
export function objectsOf({ literal, own }: FilledShape): readonly SourceObject[] {
  return own.length === 0 ? literal : [...literal, ...own];
}

export interface FillInput {
  readonly app: LayeredApp;
  /** What of a shape is the same at all of its sites, without overlays. */
  readonly objectsAt: (variable: string) => readonly SourceObject[];
  readonly fillable: FillableManifests["fillable"];
  readonly facts: Pick<SiteFacts, "of" | "calls">;
}

export interface FilledShapes {
  readonly shapes: readonly FilledShape[];
  readonly mistakes: SiteMistakes;
  /** By site, of overlays whose values count there. */
  readonly valueEffects: ReadonlyMap<string, readonly OverlayEffect[]>;
  readonly reads: AppReads;
  /** What the app asks `sites(…)` for; null: also for what an expression gives. */
  readonly selectors: readonly string[] | null;
}

/** What the expressions of an app read, of whatever site. */
export interface AppReads {
  readonly paths: readonly ReadPath[];
  readonly mayReadPeers: boolean;
}

/** Divides shapes by what expressions come to at their sites. */
export function fillShapes(input: FillInput, shapes: readonly Shape[]): FilledShapes {
  return new ShapeFiller(input).fill(shapes);
}

interface MergedValues {
  readonly values: JsonObject;
  /** Of overlays without whose values these would be others. */
  readonly effects: readonly OverlayEffect[];
}

const writtenOverlays = keptFor((app: LayeredApp) =>
  (app.value.spec.overlays ?? []).map(({ values: _values, ...overlay }, index) => {
    const json = overlay as unknown as JsonObject; // parsed YAML that the schema has checked
    const at = ["spec", "overlays", index];
    return {
      json,
      fillable: fillableJson(json, "all"),
      textAt: (path: FieldPath, offset: number) => app.textAt([...at, ...path], offset),
    };
  }),
);

interface FilledAt {
  readonly shape: Omit<FilledShape, "sites">;
  /** Equal for equal own objects. */
  readonly ownId: string;
}

class ShapeFiller {
  readonly #facts: FillInput["facts"];
  readonly #mistakes = new SiteMistakes();
  readonly #objectsAt: FillInput["objectsAt"];
  readonly #fillings: readonly ManifestFilling[];
  readonly #manifests = new Map<string, FillManifests>();
  readonly #values: ValueLayers;
  readonly #overlays: readonly FillablePart<JsonObject>[];
  readonly #merged = new Map<string, MergedValues>();
  readonly #effects = new Map<string, readonly OverlayEffect[]>();
  /** Overlays without expressions, by position. */
  readonly #written = new Map<number, ShapedOverlay>();
  readonly #readsValues: boolean;
  readonly #parts: readonly FillablePart[];
  readonly #isLiteral: boolean;
  readonly #asksForSites: boolean;
  readonly #app: LayeredApp;

  constructor({ app, objectsAt, fillable, facts }: FillInput) {
    this.#app = app;
    this.#facts = facts;
    this.#objectsAt = objectsAt;
    this.#fillings = fillable.map((manifest) => new ManifestFilling(manifest));
    this.#values = new ValueLayers(app);
    this.#overlays = writtenOverlays(app).map((overlay) => new FillablePart(overlay));
    const readers = [...this.#overlays, ...this.#fillings.map(({ part }) => part)];
    this.#readsValues = readers.some((part) => part.readsValues);
    this.#parts = [...readers, ...this.#values.parts];
    // One whose expressions have mistakes is not filled in, but the rest of it is checked.
    this.#isLiteral = fillable.length === 0 && this.#parts.every((part) => !part.isFillable);
    this.#asksForSites = allSelectors(this.#parts)?.length !== 0;
  }

  fill(shapes: readonly Shape[]): FilledShapes {
    const filled = shapes.flatMap((shape) => this.#fillShape(shape));
    return {
      shapes: filled,
      mistakes: this.#mistakes,
      valueEffects: this.#effects,
      reads: {
        paths: this.#parts.flatMap((part) => part.reads),
        mayReadPeers: this.#parts.some((part) => part.mayReadPeers),
      },
      selectors: allSelectors(this.#parts),
    };
  }

  /** Of an app without a site, what holds no expression. */
  #fillShape(shape: Shape): FilledShape[] {
    if (this.#isLiteral || shape.sites.length === 0) return [this.#literal(shape)];
    const byContent = new Map<string, FilledShape & { sites: string[] }>();
    const { overlays, variable } = shape;
    const from = { overlays, variable };
    for (const site of shape.sites) {
      const found = this.#at(site, from);
      if (found === undefined) continue;
      const id = [found.ownId, ...found.shape.overlays.map((overlay) => overlay.id)].join();
      const known = byContent.get(id);
      if (known === undefined) byContent.set(id, { ...found.shape, sites: [site] });
      else known.sites.push(site);
    }
    return [...byContent.values()];
  }

  #literal({ overlays, variable, sites, groups }: Shape): FilledShape {
    const objects = this.#objectsAt(variable);
    const shaped = overlays.flatMap((index): ShapedOverlay[] => {
      const overlay = this.#app.value.spec.overlays?.[index];
      return overlay === undefined ? [] : [{ index, overlay, id: "", isFilled: false }];
    });
    const shape = {
      overlays: shaped,
      literal: objects,
      literalId: variable,
      own: [],
      from: null,
      sites,
    };
    const literal = { ...shape, isFilled: false };
    return groups === undefined ? literal : { ...literal, groups };
  }

  #manifestsOf(variable: string): FillManifests {
    const known = this.#manifests.get(variable) ?? {
      literal: byObjectId(this.#objectsAt(variable)),
      fillings: this.#fillings,
      mistakes: this.#mistakes,
      known: new Map(),
    };
    this.#manifests.set(variable, known);
    return known;
  }

  #at(name: string, from: FilledFrom["shape"]): FilledAt | undefined {
    const { overlays: indexes, variable } = from;
    const site = this.#facts.of(name);
    const given = this.#given(site, indexes);
    if (given === undefined) return undefined;
    const manifests = manifestsAt(this.#manifestsOf(variable), name, given);
    const overlays = indexes.map((index) => this.#overlayAt(name, index, given));
    const sound = overlays.filter((overlay) => overlay !== undefined);
    if (manifests === undefined || sound.length < overlays.length) return undefined;
    const { objects: own, id: ownId } = manifests;
    const isFilled = this.#fillings.length > 0;
    const literal = this.#objectsAt(variable);
    const origin = this.#asksForSites ? null : { shape: from, site };
    const objects = { literal, literalId: variable, own, isFilled };
    return { ownId, shape: { overlays: sound, ...objects, from: origin } };
  }

  #overlayAt(site: string, index: number, given: ExpressionFacts): ShapedOverlay | undefined {
    const part = this.#overlays[index];
    const filled = part?.at(site, given, this.#mistakes);
    if (part === undefined || filled === undefined) return undefined;
    const overlay = filled.json as unknown as Overlay; // with what filledOverlayMistakes checks
    if (!part.isFillable) {
      const written = this.#written.get(index) ?? { index, overlay, id: "", isFilled: false };
      this.#written.set(index, written);
      return written;
    }
    const mistakes = filledOverlayMistakes(overlay, (path) =>
      this.#app.at(["spec", "overlays", index, ...path]),
    );
    for (const mistake of mistakes) this.#mistakes.tell(mistake, [site]);
    return mistakes.length > 0 ? undefined : { index, overlay, id: filled.id, isFilled: true };
  }

  /** The facts of a site with the merged values; undefined where these cannot be filled in. */
  #given(site: KnownSite, indexes: readonly number[]): ExpressionFacts | undefined {
    const known = { ...site, calls: this.#facts.calls };
    const sound = this.#values.at(known, indexes, this.#mistakes);
    if (sound === undefined) return undefined;
    if (!this.#readsValues) return known;
    const id = JSON.stringify([indexes, sound.map((layer) => layer.id), known.valuesText]);
    const merged =
      this.#merged.get(id) ??
      this.#merge(indexes, [...sound.map((layer) => layer.json), known.values]);
    this.#merged.set(id, merged);
    if (merged.effects.length > 0) this.#effects.set(site.name, merged.effects);
    return { ...known, facts: { ...known.facts, values: merged.values } };
  }

  #merge(indexes: readonly number[], layers: readonly JsonObject[]): MergedValues {
    const counting = countingLayers(layers);
    const effects = valueOrder(this.#app, indexes).flatMap((index, position): OverlayEffect[] =>
      index !== null && counting.has(position)
        ? [{ overlay: index, changed: true, matchedImages: new Set() }]
        : [],
    );
    return { values: presentValues(mergeValues(layers)), effects };
  }
}
