import { checkLabels, checkOwnLabels } from "./check-labels.ts";
import { checkReferences } from "./check-references.ts";
import { checkSelectors } from "./check-selectors.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Entry, FleetDraft } from "./fleet-draft.ts";
import type {
  App,
  Fleet,
  FleetDocument,
  MaintenanceWindow,
  Profile,
  RolloutStrategy,
  Site,
  VirtualSite,
} from "./kinds.ts";
import type { KindDocument } from "./read-fleet-files.ts";
import { soundRest } from "./sound-rest.ts";

/**
 * Names, labels and selectors of documents that their schemas refuse, beside what is refused: they would be told only
 * once that is mended.
 */
export function checkRest(draft: FleetDraft, unsound: readonly KindDocument[]): Diagnostic[] {
  const entries = unsound.flatMap(restEntry);
  if (entries.length === 0) return [];
  const rest = draftOf(draft, entries);
  const vocabulary = draft.fleet?.value.spec.labels;
  // Labels are those of a sound Fleet: one with mistakes may declare more than is left of it.
  const labelled = { ...rest, fleet: draft.fleet };
  return [
    ...checkReferences(rest),
    ...entries.flatMap((entry) => checkOwnLabels({ kind: entry.value.kind, entry }, vocabulary)),
    ...checkLabels(labelled),
    ...checkSelectors(labelled),
  ];
}

function restEntry(one: KindDocument): Entry<FleetDocument>[] {
  const value = soundRest(one);
  const { document } = one;
  if (value === undefined) return [];
  return [
    {
      value,
      document,
      file: document.file,
      at: (path) => document.at(path),
      keyAt: (path) => document.keyAt(path),
      textAt: (path, index) => document.textAt(path, index),
    },
  ];
}

/** The fleet with these entries alone; the names that are declared stay. */
function draftOf(draft: FleetDraft, entries: readonly Entry<FleetDocument>[]): FleetDraft {
  const of = <T extends FleetDocument>(kind: T["kind"]): ReadonlyMap<string, Entry<T>> => {
    const ofKind = entries.filter(({ value }) => value.kind === kind);
    return new Map(ofKind.map((entry, index) => [String(index), entry as Entry<T>])); // sorted by `kind`
  };
  return {
    ...draft,
    fleet: [...of<Fleet>("Fleet").values()][0],
    regions: new Map(),
    sites: of<Site>("Site"),
    virtualSites: of<VirtualSite>("VirtualSite"),
    profiles: of<Profile>("Profile"),
    apps: of<App>("App"),
    strategies: of<RolloutStrategy>("RolloutStrategy"),
    decisions: new Map(),
    windows: of<MaintenanceWindow>("MaintenanceWindow"),
  };
}
