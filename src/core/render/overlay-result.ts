/** What an overlay is applied to beside its objects, and what it makes of them. */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import type { Overlay } from "../model/kinds.ts";
import type { Told } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import type { FieldPath } from "./read-yaml.ts";

/** An overlay with the place of its fields; `[]` is the overlay. */
export interface PlacedOverlay {
  readonly overlay: Overlay;
  readonly at: (path: FieldPath) => Place;
  readonly keyAt: (path: FieldPath) => Place;
  /** What its steps made of objects before, for an overlay that is the same for many shapes. */
  readonly steps?: (path: FieldPath) => WeakMap<SourceObject, OverlayStep>;
  /** The app's other objects, to which it is applied apart. */
  readonly others?: OtherObjects;
  /** Hears of each object that a step takes away, as it was before that. */
  readonly onRemoved?: (source: SourceObject, step: FieldPath) => void;
}

/** Objects beside those that an overlay is applied to. What matters of them is which there are, not what is in them. */
export interface OtherObjects {
  readonly objects: readonly SourceObject[];
  /** They are told of first. */
  readonly areFirst: boolean;
}

/** A part of an overlay that is for none of the objects: a mistake where it is for none of the others either. */
export interface Unmatched {
  /** Where it is in the overlay, as text. */
  readonly step: string;
  /** It is for some of them, which lack what it names. */
  readonly hasTargets: boolean;
  readonly path: FieldPath;
  readonly told: () => Told;
}

/** What one step of an overlay made of one object. */
export interface OverlayStep {
  readonly source: SourceObject;
  readonly isChanged: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** What an overlay made of the objects. */
export interface OverlayResult {
  readonly objects: readonly SourceObject[];
  readonly diagnostics: readonly Diagnostic[];
  readonly unmatched: readonly Unmatched[];
  /** False: all objects are as they were. */
  readonly changed: boolean;
  /** Positions in `images` of the entries that name an image of the objects. */
  readonly matchedImages: ReadonlySet<number>;
}
