import { KnownNames } from "./closest-name.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import { FollowedFindings } from "./followed-results.ts";
import type { FleetDocument, KindName, Profile, Site } from "./kinds.ts";
import { keptFor } from "./known-fleet.ts";
import { shippedProfiles } from "./shipped-profiles.ts";
import { shownNames } from "./shown-names.ts";
import type { FieldPath } from "./yaml-places.ts";
import { shortText } from "./short-text.ts";

/** A field that holds the name of another object. */
interface Reference {
  readonly from: Entry<FleetDocument>;
  readonly path: FieldPath;
  readonly kind: KindName;
  readonly name: string;
}

/** Names that refer to nothing. Where a document's name could not be read, nothing is reported: it may be its. */
export function checkReferences(draft: FleetDraft): Diagnostic[] {
  if (draft.hasUnreadable) return [];
  const namesOf = knownNames(draft);
  return allReferences(draft, namesOf).flatMap((reference) => {
    const { from, path, kind, name } = reference;
    const known = namesOf(kind);
    if (known.has(name)) return [];
    const message = `there is no ${kind} "${shortText(name)}"`;
    const isSite = kind === "VirtualSite" && namesOf("Site").has(name);
    const hint = isSite
      ? "that is a Site; name a VirtualSite whose selector it matches"
      : danglingHint(kind, name, known);
    return errorAt(from.document.at(path), { code: "dangling-reference", message, hint });
  });
}

const shippedNames = new Set(shippedProfiles.keys());
const noNames = new Set<string>();

type NamesOf = (kind: KindName) => ReadonlySetLike<string>;

function knownNames({ declared }: FleetDraft): NamesOf {
  const profiles = shippedNames.union(declared.get("Profile") ?? new Set<string>());
  return (kind) => (kind === "Profile" ? profiles : (declared.get(kind) ?? noNames));
}

const followed = new FollowedFindings<Entry<Site>, readonly Reference[]>();

/** Of Sites, of which there are many, those that lead nowhere. */
function danglingOfSites({ sites, declared }: FleetDraft, namesOf: NamesOf): Reference[] {
  const [regions, profiles] = [namesOf("Region"), namesOf("Profile")];
  const inputs = [declared.get("Region"), declared.get("Profile")];
  const found = followed.get(sites, inputs, (from) => {
    const { region, profile } = from.value.spec;
    const dangling: Reference[] = [
      // "": it has none, which is told.
      ...(region === "" || regions.has(region)
        ? []
        : [{ from, path: ["spec", "region"], kind: "Region" as const, name: region }]),
      ...(profile === undefined || profiles.has(profile)
        ? []
        : profileReference(from, "profile", profile)),
    ];
    return dangling.length === 0 ? undefined : dangling;
  });
  return [...found.values()].flat();
}

function allReferences(draft: FleetDraft, namesOf: NamesOf): Reference[] {
  const { fleet, profiles, apps, strategies, windows } = draft;
  return [
    ...(fleet === undefined ? [] : strategyReference(fleet, fleet.value.spec.rollout?.strategy)),
    ...[...(fleet === undefined ? [] : [fleet]), ...strategies.values()].flatMap((from) =>
      namedIn(
        from,
        { path: ["spec", "windows"], kind: "MaintenanceWindow" },
        from.value.spec.windows,
      ),
    ),
    ...[...windows.values()].flatMap((window) =>
      virtualSiteReferences(window, ["spec"], window.value.spec.virtualSites ?? []),
    ),
    ...danglingOfSites(draft, namesOf),
    ...[...apps.values()].flatMap((from) =>
      profileReference(from, "profile", from.value.spec.profile),
    ),
    ...[...profiles.values()].flatMap((from) => [
      ...profileReference(from, "extends", from.value.spec.extends),
      ...overlayReferences(from, from.value.spec.overlays),
    ]),
    ...[...apps.values()].flatMap((app) => [
      ...virtualSiteReferences(app, ["spec", "placement"], app.value.spec.placement.virtualSites),
      ...overlayReferences(app, app.value.spec.overlays),
      ...strategyReference(app, app.value.spec.rollout?.strategy),
      ...namedIn(app, { path: ["spec", "dependsOn"], kind: "App" }, app.value.spec.dependsOn),
    ]),
  ];
}

function profileReference(
  from: Entry<FleetDocument>,
  field: string,
  name: string | undefined,
): Reference[] {
  return name === undefined ? [] : [{ from, path: ["spec", field], kind: "Profile", name }];
}

function overlayReferences(
  from: Entry<FleetDocument>,
  overlays: Profile["spec"]["overlays"] = [],
): Reference[] {
  return overlays.flatMap(({ virtualSites = [] }, index) =>
    virtualSiteReferences(from, ["spec", "overlays", index], virtualSites),
  );
}

function virtualSiteReferences(
  from: Entry<FleetDocument>,
  parent: FieldPath,
  names: readonly string[],
): Reference[] {
  return namedIn(from, { path: [...parent, "virtualSites"], kind: "VirtualSite" }, names);
}

/** Each name of a list. */
function namedIn(
  from: Entry<FleetDocument>,
  { path, kind }: Pick<Reference, "path" | "kind">,
  names: readonly string[] = [],
): Reference[] {
  return names.map((name, index) => ({ from, path: [...path, index], kind, name }));
}

function strategyReference(from: Entry<FleetDocument>, name: string | undefined): Reference[] {
  if (name === undefined) return [];
  return [{ from, path: ["spec", "rollout", "strategy"], kind: "RolloutStrategy", name }];
}

/** What to do about a name that is not declared: the nearest one, or some of those there are. */
export function danglingHint(kind: string, name: string, all: ReadonlySetLike<string>): string {
  const known = namesIn(all);
  const near = known.closest(name);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (known.all.size === 0) return `the fleet declares no ${kind}`;
  return `known: ${shownNames(known.sorted, 8)}`;
}

const namesIn = keptFor(
  (all: ReadonlySetLike<string>) => new KnownNames(new Set<string>().union(all)),
);
