/**
 * An App with the overlays of profiles in front of its own. In: an App, and the sites that there are. Out: the App as if it
 * had them all written itself, each at its own place. In the order in which they win, weakest first: `values` of a
 * profile, the App, overlays of the profile, overlays of the App, the Site.
 */
import type { FleetModel, Located, Place } from "../model/fleet-model.ts";
import { KeptResults } from "../model/kept-results.ts";
import type { App, Overlay } from "../model/kinds.ts";
import { keptFor } from "../model/known-fleet.ts";
import { profileChain } from "../model/profile-chain.ts";
import { sitesByLabels } from "../select/label-groups.ts";
import type { FieldPath } from "./read-yaml.ts";

/** Models that an app is rendered from: what it is comes from `model`, which sites there are from `siteModel`. */
export interface AppModels {
  readonly model: FleetModel;
  readonly siteModel: FleetModel;
}

/** Where an overlay comes from. */
interface Layer {
  readonly overlay: Overlay;
  /** The profile that a site takes; null: the App's own. */
  readonly profile: string | null;
  /** `values` of the profile, over which those of the App go. */
  readonly isDefault: boolean;
  /** What people call it. */
  readonly title: string;
  readonly from: Located<unknown>;
  readonly path: FieldPath;
}

export interface LayeredApp extends Located<App> {
  /** As it is written. */
  readonly declared: App;
  /** One for each of its overlays. */
  readonly layers: readonly Layer[];
}

/** The App with the overlays of every profile that it may have at a site. */
export function layeredApp({ model, siteModel }: AppModels, app: Located<App>): LayeredApp {
  const { profile } = app.value.spec;
  const taken = profile === undefined ? takenProfiles(siteModel.sites) : [profile];
  const inputs = taken.flatMap((name) => [name, ...profileChain(model.profiles, name)]);
  return kept.get(app, inputs, () =>
    withLayers(
      app,
      taken.flatMap((name) => profileLayers(model, name)),
    ),
  );
}

const kept = new KeptResults<Located<App>, LayeredApp>();

function withLayers(app: Located<App>, ofProfiles: readonly Layer[]): LayeredApp {
  const { overlays = [] } = app.value.spec;
  const own = overlays.map((overlay, index): Layer => ({
    overlay,
    profile: null,
    isDefault: false,
    title: overlayTitle(overlay, index),
    from: app,
    path: ["spec", "overlays", index],
  }));
  const layers = [...ofProfiles.filter(({ isDefault }) => isDefault), ...rest(ofProfiles), ...own];
  if (layers.length === own.length) return { ...app, declared: app.value, layers };
  const { spec } = app.value;
  const value = { ...app.value, spec: { ...spec, overlays: layers.map(({ overlay }) => overlay) } };
  return { ...placesOf(app, layers), value, file: app.file, declared: app.value, layers };
}

function rest(layers: readonly Layer[]): readonly Layer[] {
  return layers.filter(({ isDefault }) => !isDefault);
}

function overlayTitle({ name }: { readonly name?: string }, index: number): string {
  return name === undefined ? `overlay ${index + 1}` : `overlay "${name}"`;
}

/** The profiles that sites take; looked for once, for all apps. */
const takenProfiles = keptFor((sites: FleetModel["sites"]): readonly string[] => {
  const taken = sitesByLabels(sites, []).flatMap(({ profile }) => profile ?? []);
  return [...new Set(taken)].toSorted();
});

function profileLayers({ profiles }: FleetModel, name: string): Layer[] {
  return profileChain(profiles, name).flatMap((from) => {
    const { values, overlays = [] } = from.value.spec;
    const layer = { profile: name, from };
    const title = `profile "${from.value.metadata.name}"`;
    const defaults = { ...layer, isDefault: true, title, path: ["spec"] };
    return [
      ...(values === undefined ? [] : [{ ...defaults, overlay: { virtualSites: [], values } }]),
      ...overlays.map((overlay, index): Layer => ({
        ...layer,
        overlay: { virtualSites: [], ...overlay },
        isDefault: false,
        title: `${title}, ${overlayTitle(overlay, index)}`,
        path: ["spec", "overlays", index],
      })),
    ];
  });
}

function placesOf(
  app: Located<App>,
  layers: readonly Layer[],
): Pick<LayeredApp, "at" | "keyAt" | "textAt"> {
  const placed = <T>(path: FieldPath, tell: (from: Located<unknown>, path: FieldPath) => T): T => {
    const layer = path[1] === "overlays" ? layers[Number(path[2])] : undefined;
    return layer === undefined
      ? tell(app, path)
      : tell(layer.from, [...layer.path, ...path.slice(3)]);
  };
  return {
    at: (path) => placed(path, (from, at): Place => from.at(at)),
    keyAt: (path) => placed(path, (from, at): Place => from.keyAt(at)),
    textAt: (path, index) => placed(path, (from, at): Place => from.textAt(at, index)),
  };
}

/** Tells by the profile of a site whether a layer may hold there. */
export function holdsAt(
  { declared }: LayeredApp,
  { profile }: Pick<Layer, "profile">,
  siteProfile: string | undefined,
): boolean {
  return profile === null || profile === (declared.spec.profile ?? siteProfile);
}

/** Positions of layers by where they hold. */
interface LayersByPlace {
  /** By profile, those that name no virtual site. */
  readonly everywhere: ReadonlyMap<string | null, readonly number[]>;
  /** By virtual site and profile. */
  readonly byVirtualSite: ReadonlyMap<string, ReadonlyMap<string | null, readonly number[]>>;
}

const layersByPlace = keptFor(({ layers }: LayeredApp): LayersByPlace => {
  const all = layers.map(({ overlay, profile }, position) => ({ ...overlay, profile, position }));
  const byProfile = (some: typeof all): ReadonlyMap<string | null, readonly number[]> =>
    new Map(
      [...Map.groupBy(some, ({ profile }) => profile)].map(
        ([profile, own]) => [profile, own.map(({ position }) => position)] as const,
      ),
    );
  const named = all.flatMap((layer) =>
    [...new Set(layer.virtualSites)].map((name) => ({ name, layer })),
  );
  const byName = Map.groupBy(named, ({ name }) => name);
  return {
    // Overlays of profiles need not name any.
    everywhere: byProfile(
      all.filter(({ profile, virtualSites }) => profile !== null && virtualSites.length === 0),
    ),
    byVirtualSite: new Map(
      [...byName].map(([name, some]) => [name, byProfile(some.map(({ layer }) => layer))] as const),
    ),
  };
});

/** Positions of the layers that hold at a site of these virtual sites, which takes this profile; in order. */
export function layersAt(
  app: LayeredApp,
  virtualSites: Iterable<string>,
  siteProfile: string | undefined,
): readonly number[] {
  const { everywhere, byVirtualSite } = layersByPlace(app);
  const profile = app.declared.spec.profile ?? siteProfile;
  const taken = profile === undefined ? [null] : [null, profile];
  const found = new Set(taken.flatMap((each) => everywhere.get(each) ?? []));
  for (const name of virtualSites) {
    const own = byVirtualSite.get(name);
    if (own === undefined) continue;
    for (const position of taken.flatMap((each) => own.get(each) ?? [])) found.add(position);
  }
  return [...found].sort((a, b) => a - b);
}

/** The overlays with values in the order in which they win, weakest first; null is the App itself. */
export function valueOrder(
  { layers }: LayeredApp,
  indexes: readonly number[],
): readonly (number | null)[] {
  const isDefault = (index: number): boolean => layers[index]?.isDefault === true;
  return [...indexes.filter(isDefault), null, ...indexes.filter((index) => !isDefault(index))];
}
