/**
 * The fleet at one commit, checked: what `loadFleet` makes of the files and everything downstream reads.
 * Names are unique within their map, every reference in here leads somewhere, every selector parses.
 */
import type {
  App,
  Decision,
  Fleet,
  MaintenanceWindow,
  Profile,
  Region,
  RolloutStrategy,
  Site,
  VirtualSite,
} from "./kinds.ts";

import type { ToolSource } from "./tools/tool-source.ts";

/** One file of the repository, as text. `path` is relative to the root, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Why it could not be read, where it must be: a mistake of the repository. `text` is empty then. */
  readonly problem?: string;
  /** Where in it, 1-based, where that is known. */
  readonly problemAt?: { readonly line: number; readonly column: number };
  /** Why it is not carried along (a link, too large): a mistake only where a tool would need it. `text` is empty then. */
  readonly leftOut?: string;
  /** True for a submodule, which is left out as a whole: a mistake also where it is in the manifests of an App. */
  readonly isSubmodule?: true;
  /** True for a symbolic link that may lead to a folder: it is left out, which is told where it is in the manifests of an App. */
  readonly isLink?: true;
  /** True where it is no text: `text` has its bytes as code units (latin1). */
  readonly isBinary?: boolean;
}

/** Where a document or field stands: 1-based. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A document with the place of each of its fields: `at(["spec","region"])` is the place of the *value*. */
export interface Located<T> {
  readonly value: T;
  readonly file: string;
  at(path: readonly (string | number)[]): Place;
  /** Like `at`, but of the key of the field. */
  keyAt(path: readonly (string | number)[]): Place;
  /** Place of one character (0-based) of a text value. */
  textAt(path: readonly (string | number)[], index: number): Place;
}

export interface FleetModel {
  readonly fleet: Located<Fleet>;
  readonly regions: ReadonlyMap<string, Located<Region>>;
  readonly sites: ReadonlyMap<string, Located<Site>>;
  readonly virtualSites: ReadonlyMap<string, Located<VirtualSite>>;
  /** Those of the fleet; `profileChain` knows the shipped ones too. */
  readonly profiles: ReadonlyMap<string, Located<Profile>>;
  readonly apps: ReadonlyMap<string, Located<App>>;
  readonly strategies: ReadonlyMap<string, Located<RolloutStrategy>>;
  readonly decisions: ReadonlyMap<string, Located<Decision>>;
  readonly windows: ReadonlyMap<string, Located<MaintenanceWindow>>;
  /** Every file that an App's source refers to, by app, sorted by path. */
  readonly manifests: ReadonlyMap<string, readonly SourceFile[]>;
  /** The kustomizations and charts of apps that have one, by app; their `manifests` are empty. */
  readonly toolSources: ReadonlyMap<string, ToolSource>;
}

/** Labels as selectors see them: `metadata.labels` of the Site. */
export type Labels = Readonly<Record<string, string>>;
