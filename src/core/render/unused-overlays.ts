import type { Diagnostic } from "../model/diagnostic.ts";
import type { Located } from "../model/fleet-model.ts";
import type { App } from "../model/kinds.ts";
import { warning } from "./mistake.ts";

/** What an overlay did in one shape. */
export interface OverlayEffect {
  /** Position in the App's `overlays`. */
  readonly overlay: number;
  readonly changed: boolean;
  /** Positions of the `images` that name an image. */
  readonly matchedImages: ReadonlySet<number>;
}

/** Warnings of overlays that change nothing at any site, and of images that no container has. */
export function unusedOverlays(
  app: Located<App>,
  effects: readonly OverlayEffect[],
): readonly Diagnostic[] {
  const overlays = app.value.spec.overlays ?? [];
  const byOverlay = Map.groupBy(effects, ({ overlay }) => overlay);
  return overlays.flatMap(({ name, images = [] }, index) => {
    const own = byOverlay.get(index) ?? [];
    const path = ["spec", "overlays", index];
    const title = name === undefined ? `overlay ${index + 1}` : `overlay "${name}"`;
    if (own.length === 0) {
      const message = `${title} is for no site of the app`;
      return [warning(app.at([...path, "virtualSites"]), { code: "no-effect", message })];
    }
    if (!own.some(({ changed }) => changed)) {
      const message = `${title} changes nothing at any site`;
      return [warning(app.at(path), { code: "no-effect", message, hint: "remove it" })];
    }
    return [...images.entries()].flatMap(([position, image]) => {
      if (own.some(({ matchedImages }) => matchedImages.has(position))) return [];
      const message = `no container of the app has the image "${image.name}"`;
      const hint = "name the image as the manifests do, without tag or digest";
      const place = app.at([...path, "images", position, "name"]);
      return [warning(place, { code: "no-effect", message, hint })];
    });
  });
}
