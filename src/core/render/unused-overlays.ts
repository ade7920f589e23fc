import type { Diagnostic } from "../model/diagnostic.ts";
import type { Overlay } from "../model/kinds.ts";
import type { LayeredApp } from "./layered-app.ts";
import { warning } from "./mistake.ts";
import { shortText } from "../model/short-text.ts";

/** What an overlay did in one shape. */
export interface OverlayEffect {
  /** Position in the overlays of the layered App. */
  readonly overlay: number;
  readonly changed: boolean;
  /** Positions of the `images` that name an image. */
  readonly matchedImages: ReadonlySet<number>;
}

/** True for an overlay with a JSON patch that only tests: it says what must hold, and changes nothing for that. */
export function asserts({ patches = [] }: Overlay): boolean {
  return patches.some(({ json = [] }) => json.length > 0 && json.every(({ op }) => op === "test"));
}

/** Warnings of the App's overlays that change nothing at any site, and of images that no container has. */
export function unusedOverlays(
  app: LayeredApp,
  effects: readonly OverlayEffect[],
): readonly Diagnostic[] {
  const byOverlay = Map.groupBy(effects, ({ overlay }) => overlay);
  return app.layers.flatMap(({ overlay, profile, title }, index) => {
    if (profile !== null) return [];
    const own = byOverlay.get(index) ?? [];
    const path = ["spec", "overlays", index];
    if (own.length === 0) {
      const message = `${title} is for no site of the app`;
      return [warning(app.at([...path, "virtualSites"]), { code: "no-effect", message })];
    }
    if (!own.some(({ changed }) => changed) && !asserts(overlay)) {
      const message = `${title} changes nothing at any site`;
      return [warning(app.at(path), { code: "no-effect", message, hint: "remove it" })];
    }
    return [...(overlay.images ?? []).entries()].flatMap(([position, image]) => {
      if (own.some(({ matchedImages }) => matchedImages.has(position))) return [];
      const message = `no container of the app has the image "${shortText(image.name)}"`;
      const hint = "name the image as the manifests do, without tag or digest";
      const place = app.at([...path, "images", position, "name"]);
      return [warning(place, { code: "no-effect", message, hint })];
    });
  });
}
