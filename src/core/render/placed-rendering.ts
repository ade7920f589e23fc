import type { Place } from "../model/fleet-model.ts";
import type { ObjectId } from "../model/kube-object.ts";
import type { AppReads } from "./fill-shapes.ts";
import type { RenderedApp, TreeId, Variant } from "./rendered.ts";

/** An app with its variants. */
export interface AppRendering {
  readonly app: RenderedApp;
  readonly variants: ReadonlyMap<TreeId, Variant>;
}

/** What `renderFleet` also needs to know. */
export interface PlacedRendering extends AppRendering {
  /** Where each object comes from. */
  readonly places: () => ReadonlyMap<ObjectId, Place>;
  /** Every object of the app, at whatever sites; some may be none any more. */
  readonly ids: () => ReadonlySet<ObjectId>;
  readonly reads: AppReads;
}

/** A value that is made when it is first asked for. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** The objects of variants. */
export function idsOf(variants: Iterable<Variant>): ReadonlySet<ObjectId> {
  const ids = new Set<ObjectId>();
  for (const { objects } of variants) for (const { id } of objects) ids.add(id);
  return ids;
}
