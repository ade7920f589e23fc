import type { Place } from "../model/fleet-model.ts";
import type { ObjectId } from "../model/kube-object.ts";
import type { AppTable } from "./app-table.ts";
import type { AppReads } from "./fill-shapes.ts";
import type { RenderedApp, RenderedObject, TreeId, Variant } from "./rendered.ts";

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
  /** The same of their API versions and kinds: `apps/v1 Deployment`. */
  readonly kinds: () => ReadonlySet<string>;
  readonly reads: AppReads;
  /** For an app that was rendered as a whole, and can be rendered for other sites by it. */
  readonly table?: () => AppTable;
}

/** A value that is made when it is first asked for. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** The objects of variants. */
export function idsOf(variants: Iterable<Variant>): ReadonlySet<ObjectId> {
  return setOf(variants, ({ id }) => id);
}

/** Their API versions and kinds. */
export function kindsOf(variants: Iterable<Variant>): ReadonlySet<string> {
  return setOf(variants, ({ object: { apiVersion, kind } }) => `${apiVersion} ${kind}`);
}

function setOf(
  variants: Iterable<Variant>,
  take: (object: RenderedObject) => string,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { objects } of variants) for (const object of objects) found.add(take(object));
  return found;
}
