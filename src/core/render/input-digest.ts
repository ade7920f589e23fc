import { createHash } from "node:crypto";
import type { FleetModel, SourceFile } from "../model/fleet-model.ts";
import { type Json, canonicalJson } from "../model/json.ts";
import type { App, Profile } from "../model/kinds.ts";
import { profileChain } from "../model/profile-chain.ts";
import { toolOf } from "../model/tools/tool-source.ts";
import { type CustomKinds, customKindOf } from "./custom-kinds.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { toolInputs } from "./tools/tool-requests.ts";

/** All that is an app's own in rendering it. */
export interface AppInputs {
  readonly model: FleetModel;
  readonly app: App;
  readonly files: readonly SourceFile[];
  readonly objects: readonly SourceObject[];
  readonly customKinds: CustomKinds;
}

/**
 * sha256 (hex) over the canonical JSON of everything that belongs to the app and decides what it renders to: the App
 * but for its strategy and `onRemoval`, its files, the selectors of the virtual sites it names, the fleet's name (it is
 * in the owner annotation), what CRDs of other apps tell of its kinds, and what its tool renders it with. Not site data.
 */
export function inputDigest(inputs: AppInputs): string {
  const { model, app, files } = inputs;
  const { namespace, source, placement, values, secrets, profile, overlays = [] } = app.spec;
  const profiles = knownProfiles(model, app);
  const names = new Set([
    ...placement.virtualSites,
    ...[overlays, ...profiles.map(([, spec]) => spec.overlays ?? [])].flatMap((list) =>
      list.flatMap(({ virtualSites = [] }) => virtualSites),
    ),
  ]);
  const selectors = [...names].map((name) => {
    const { selector, all } = model.virtualSites.get(name)?.value.spec ?? {};
    return [name, { selector: selector ?? null, all: all ?? false }] as const;
  });
  const tool = toolInputs(model, app);
  const data = {
    fleet: model.fleet.value.metadata.name,
    app: {
      name: app.metadata.name,
      namespace,
      source,
      placement,
      overlays,
      ...(values && { values }),
      ...(secrets && { secrets }),
      ...(profile !== undefined && { profile }),
    },
    ...(profiles.length > 0 && { profiles: Object.fromEntries(profiles) }),
    ...(tool === null ? {} : { tool }),
    files: Object.fromEntries(files.map(({ path, text }) => [path, text])),
    virtualSites: Object.fromEntries(selectors),
    customKinds: Object.fromEntries(usedCustomKinds(inputs)),
  };
  // Parsed YAML that the schemas have checked: JSON, though the types of patches do not say so.
  return createHash("sha256")
    .update(canonicalJson(data as unknown as Json))
    .digest("hex");
}

/**
 * The fleet's own profiles that the app may have: that which it takes, with what that extends, else all, for which of them
 * its sites take is site data.
 */
function knownProfiles({ profiles }: FleetModel, app: App): [string, Profile["spec"]][] {
  const { profile } = app.spec;
  const all = profile === undefined ? [...profiles.values()] : profileChain(profiles, profile);
  return all.flatMap(({ value }) => {
    const { name } = value.metadata;
    return profiles.get(name)?.value === value
      ? [[name, value.spec] as [string, Profile["spec"]]]
      : [];
  });
}

function usedCustomKinds({ app, objects, customKinds }: AppInputs): [string, Json][] {
  // Which kinds a tool's objects have is a matter of sites, too: what CRDs change of them is told by the objects.
  if (toolOf(app.spec.source) !== undefined) return [];
  return objects.flatMap(({ object, key }) => {
    const kind = customKindOf(object, customKinds);
    if (kind === undefined) return [];
    const { namespaced, schemas } = kind;
    return [[`${key.group}/${key.kind}`, { namespaced, schemas }] as [string, Json]];
  });
}
