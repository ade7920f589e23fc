import type { Diagnostic } from "../model/diagnostic.ts";
import { isSameJson } from "../model/json.ts";
import type { FilledShape } from "./fill-shapes.ts";
import type { LayeredApp } from "./layered-app.ts";
import { warning } from "./mistake.ts";
import type { ChainLink, OverlayChain } from "./overlay-chain.ts";

/**
 * Warnings of the App's overlays whose changes later ones take back or set anew, at all sites: without them everything
 * would be the same. `ends`: what came of each shape.
 */
export function overriddenOverlays(
  app: LayeredApp,
  ends: ReadonlyMap<FilledShape, ChainLink>,
  chain: OverlayChain,
): readonly Diagnostic[] {
  // The last one to change something at a site has an effect: nearly always that is every one, somewhere.
  const left = new Set([...ends.values()].map(({ lastChange }) => lastChange));
  const changing = chain.effects().filter(({ changed }) => changed);
  const others = new Set(changing.map(({ overlay }) => overlay)).difference(left);
  return [...others]
    .toSorted((a, b) => a - b)
    .flatMap((index) => {
      const layer = app.layers[index];
      // Values are read by others, and what they do is told elsewhere.
      if (layer?.profile !== null || layer.overlay.values !== undefined) return [];
      const isLeft = [...ends].some(([shape, end]) => {
        const overlays = shape.overlays.filter((overlay) => overlay.index !== index);
        const isIn = overlays.length < shape.overlays.length;
        return isIn && !isSameResult(end, chain.apply({ ...shape, overlays }));
      });
      if (isLeft) return [];
      const message = `${layer.title} has no effect left at any site: later ones set the same anew`;
      const place = app.at(["spec", "overlays", index]);
      return [warning(place, { code: "no-effect", message, hint: "remove it" })];
    });
}

function isSameResult(a: ChainLink, b: ChainLink): boolean {
  return (
    a.diagnostics.length === b.diagnostics.length &&
    a.objects.length === b.objects.length &&
    a.objects.every(({ object }, index) => {
      const other = b.objects[index]?.object;
      return other !== undefined && (object === other || isSameJson(object, other));
    })
  );
}
