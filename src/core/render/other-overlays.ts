/**
 * An app some of whose overlays have changed, and nothing else that is its own: where none of these hold, it is what it was.
 * In: what the app came to. Out: the same, with nothing known of the sites where one of them holds; or undefined, where more
 * may be another thing.
 */
import { isSameList } from "../model/is-same-list.ts";
import { canonicalJson, isSameJson, type Json } from "../model/json.ts";
import { keptFor } from "../model/known-fleet.ts";
import type { Overlay } from "../model/kinds.ts";
import { PatchedMap } from "../model/patched-map.ts";
import { readApp, type ShapeInput } from "./app-parts.ts";
import type { AppRecord, ChangedInput } from "./changed-sites.ts";
import { fillShapes } from "./fill-shapes.ts";
import type { LayeredApp } from "./layered-app.ts";
import { shapesOf } from "./shapes.ts";

/** The record of an app with the overlays that it has now. */
export function withOtherOverlays(last: AppRecord, input: ChangedInput): AppRecord | undefined {
  const app = readApp(input.context, input.name);
  const changed = changedOverlays(last.app, app.app);
  // What is told has places, and where they are in the file may be another line now.
  if (changed === undefined || last.told.bySite.size > 0) return undefined;
  const peers = peersOf(app, last);
  if (peers === undefined) return undefined;
  const isChanged = (overlays: string): boolean =>
    overlays.split(",").some((index) => changed.has(index));
  const sites = shapesOf(app, app.app).flatMap((shape) =>
    isChanged(shape.overlays.join()) ? shape.sites : [],
  );
  const { rendering } = last;
  return {
    ...last,
    app: app.app,
    digests: without(last.digests, sites),
    peers,
    source: last.source && app.source,
    did: last.did && new Map([...last.did].filter(([overlays]) => !isChanged(overlays))),
    rendering: { ...rendering, app: { ...rendering.app, inputDigest: input.inputDigest() } },
  };
}

/** Positions of the overlays that say something else, as text; undefined where not only they do. */
function changedOverlays(before: LayeredApp, now: LayeredApp): ReadonlySet<string> | undefined {
  if (!isSameList(besideOverlays(before), besideOverlays(now))) return undefined;
  const changed = [...now.layers.keys()].filter(
    (index) => !isSameOverlay(before.layers[index]?.overlay, now.layers[index]?.overlay),
  );
  return new Set(changed.map(String));
}

function isSameOverlay(a: Overlay | undefined, b: Overlay | undefined): boolean {
  return a === b || isSameJson(a as unknown as Json, b as unknown as Json); // parsed YAML
}

/** All that decides what an app comes to, but for its files and what is in its overlays: which there are, and where. */
const besideOverlays = keptFor(({ declared, layers }: LayeredApp): readonly string[] => {
  const { namespace, source, placement, values, secrets, plainSecrets, profile } = declared.spec;
  const written = [namespace, source, placement, values, secrets, plainSecrets, profile];
  return [
    declared.metadata.name,
    ...written.map((field) => canonicalJson((field ?? null) as Json)), // parsed YAML that the schema has checked
    ...layers.map((layer) =>
      canonicalJson([layer.profile, layer.isDefault, layer.overlay.virtualSites]),
    ),
  ];
});

/** What is asked for now, as it was where it was asked for before; undefined where it may be anything. */
function peersOf({ app, source, facts }: ShapeInput, { peers }: AppRecord) {
  const { selectors } = fillShapes({ ...source, app, facts }, []);
  if (selectors === null) return undefined;
  const digestOf = (selector: string): string =>
    peers.get(selector) ?? facts.digestOfSelected(selector);
  return new Map(selectors.map((selector) => [selector, digestOf(selector)]));
}

function without(digests: AppRecord["digests"], sites: readonly string[]): AppRecord["digests"] {
  const known = digests instanceof PatchedMap ? digests : new PatchedMap(digests);
  return known.with(sites.map((site) => [site, undefined] as const));
}
