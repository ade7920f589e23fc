/**
 * The fleet while it is being checked: documents that satisfy their schema, by kind and name, with the places of their
 * fields, and the names of those that do not (so that a reference to them is not a second mistake).
 */
import type { Diagnostic, DiagnosticCode } from "./diagnostic.ts";
import type { Located, Place } from "./fleet-model.ts";
import type {
  App,
  Decision,
  Fleet,
  FleetDocument,
  KindName,
  MaintenanceWindow,
  Profile,
  Region,
  RolloutStrategy,
  Site,
  VirtualSite,
} from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";

/** A document that satisfies the schema of its kind. */
export interface Entry<T extends FleetDocument> extends Located<T> {
  readonly document: YamlDocument;
}

export interface FleetDraft {
  readonly fleet: Entry<Fleet> | undefined;
  readonly regions: ReadonlyMap<string, Entry<Region>>;
  readonly sites: ReadonlyMap<string, Entry<Site>>;
  readonly virtualSites: ReadonlyMap<string, Entry<VirtualSite>>;
  readonly profiles: ReadonlyMap<string, Entry<Profile>>;
  readonly apps: ReadonlyMap<string, Entry<App>>;
  readonly strategies: ReadonlyMap<string, Entry<RolloutStrategy>>;
  readonly decisions: ReadonlyMap<string, Entry<Decision>>;
  readonly windows: ReadonlyMap<string, Entry<MaintenanceWindow>>;
  /** Every name that some document declares, right or wrong. */
  readonly declared: ReadonlyMap<KindName, ReadonlySetLike<string>>;
  /** True when a document is so broken that its name is not known: then a missing name may be its. */
  readonly hasUnreadable: boolean;
}

/** What is wrong, besides the place. */
export interface Finding {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
}

export function errorAt(place: Place, finding: Finding): Diagnostic {
  return { ...place, severity: "error", ...finding };
}

export function warningAt(place: Place, finding: Finding): Diagnostic {
  return { ...place, severity: "warning", ...finding };
}
