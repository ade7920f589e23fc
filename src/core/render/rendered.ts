/**
 * What rendering gives. A *variant* is one distinct rendered tree of an app; many sites share it.
 * Its id is the git tree id of its files, so that a variant, a folder of a mirror and a row of a release record
 * are compared by one string, without git.
 */
import type { AppTable } from "./app-table.ts";
import type { KubeObject, ObjectId } from "../model/kube-object.ts";

/** The git tree id (40 hex digits, SHA-1) of the objects of one app at one site. */
export type TreeId = string;

/** One object of a variant, with the bytes that the mirror stores. */
export interface RenderedObject {
  readonly id: ObjectId;
  readonly object: KubeObject;
  /** Deterministic YAML: equal objects give equal bytes. */
  readonly yaml: string;
}

export interface Variant {
  readonly tree: TreeId;
  /** Sorted by `id`. Never empty. */
  readonly objects: readonly RenderedObject[];
  /** True: no object of it says how it is to be kept, protected or made anew; nobody has to look. */
  readonly isOrdinary?: boolean;
}

/** One app rendered for every site that has it. */
export interface RenderedApp {
  readonly app: string;
  /** sha256 (hex) of all that is an *app* input: App, its sources, overlays, placement with the text of its selectors. */
  readonly inputDigest: string;
  /** site -> variant. A site that does not have the app is absent. */
  readonly sites: ReadonlyMap<string, TreeId>;
  /** site -> the namespace that overlays move it to, which the tree alone need not tell. Absent: the App's own. */
  readonly movedTo: ReadonlyMap<string, string>;
}

export interface RenderedFleet {
  readonly apps: ReadonlyMap<string, RenderedApp>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
  /** Of apps that were rendered as a whole, for who keeps them for another start. */
  readonly tables?: readonly (() => AppTable)[];
}

/** Raised only by a version that renders different objects from the same inputs (a golden test guards it). */
export const rendererNumber = 1;
