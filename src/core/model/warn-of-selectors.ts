import { checkedSelector, matchesOnlyByAbsence, matchesSelector } from "../select/selector.ts";
import { allSelectors, type PlacedSelector } from "./check-selectors.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type FleetDraft, warningAt } from "./fleet-draft.ts";
import type { Labels } from "./fleet-model.ts";

/** Selectors that match no site, or some only because these lack a label. For a fleet without errors. */
export function warnOfSelectors(draft: FleetDraft): Diagnostic[] {
  const sites = [...draft.sites].map(([name, { value }]): Site => ({
    name,
    labels: value.metadata.labels ?? {},
  }));
  return allSelectors(draft).flatMap((placed) => warnOf(placed, sites));
}

interface Site {
  readonly name: string;
  readonly labels: Labels;
}

function warnOf({ entry, path, spec }: PlacedSelector, sites: readonly Site[]): Diagnostic[] {
  const selector = checkedSelector(spec);
  const place = entry.document.at(path);
  const matching = sites.filter(({ labels }) => matchesSelector(selector, labels));
  if (matching.length === 0) {
    const message = "the selector matches no site";
    const hint = "check keys and values against the labels of the sites (`flotilla sites`)";
    return [warningAt(place, { code: "matches-nothing", message, hint })];
  }
  const byAbsence = matching.filter(({ labels }) => matchesOnlyByAbsence(selector, labels));
  if (byAbsence.length === 0) return [];
  const keys = selector.requirements
    .filter(({ operator }) => operator === "!=" || operator === "notin")
    .map(({ key }) => key)
    .filter((key) => byAbsence.some(({ labels }) => !Object.hasOwn(labels, key)));
  const count = byAbsence.length === 1 ? "1 site matches" : `${byAbsence.length} sites match`;
  const message = `${count} only by lacking ${[...new Set(keys)].join(" or ")}: ${someNames(byAbsence)}`;
  const hint = `add a bare \`${keys[0] ?? ""}\` to the selector to leave out sites without the label, or label them`;
  return [warningAt(place, { code: "matches-by-absence", message, hint })];
}

function someNames(sites: readonly Site[]): string {
  const names = sites.map(({ name }) => name).toSorted();
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
