import type { Place } from "../model/fleet-model.ts";
import type { ObjectId } from "../model/kube-object.ts";
import type { AppTable } from "./app-table.ts";
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
