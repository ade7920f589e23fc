import { checkedSelector, matchesOnlyByAbsence, type Selector } from "../select/selector.ts";
import { type LabelledSites, type Sites, sitesByLabels } from "../select/label-groups.ts";
import { SelectorIndex } from "../select/selector-index.ts";
import { askedSelectors, placeOfSelector } from "./asked-selectors.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type FleetDraft, warningAt } from "./fleet-draft.ts";
import type { Place } from "./fleet-model.ts";

/** Selectors that match no site, or some only because these lack a label. For a fleet without errors. */
export function warnOfSelectors(draft: FleetDraft): Diagnostic[] {
  const all = askedSelectors(draft).map((placed) => ({
    place: () => placeOfSelector(placed),
    selector: checkedSelector(placed.spec),
  }));
  return warnOfAsked(all, draft.sites);
}

/** A selector without mistakes, and where it begins. */
export interface AskedSelector {
  readonly selector: Selector;
  readonly place: () => Place;
}

/** Those that match none of these sites, or some only because these lack a label. */
export function warnOfAsked(all: readonly AskedSelector[], sites: Sites): Diagnostic[] {
  const selectors = all.map(({ selector }) => selector);
  const index = new SelectorIndex(selectors);
  const matching = selectors.map((): LabelledSites[] => []);
  for (const group of sitesByLabels(sites, selectors)) {
    for (const position of index.matching(group.labels)) matching[position]?.push(group);
  }
  return all.flatMap((asked, position) => warnOf(asked, matching[position] ?? []));
}

function warnOf(
  { selector, place: placeOf }: AskedSelector,
  matching: readonly LabelledSites[],
): Diagnostic[] {
  if (matching.length === 0) {
    const place = placeOf();
    const message = "the selector matches no site";
    const hint = "check keys and values against the labels of the sites (`flotilla sites`)";
    return [warningAt(place, { code: "matches-nothing", message, hint })];
  }
  const byAbsence = matching.filter(({ labels }) => matchesOnlyByAbsence(selector, labels));
  if (byAbsence.length === 0) return [];
  const refusing = selector.requirements.filter(
    ({ operator }) => operator === "!=" || operator === "notin",
  );
  const keys = [...new Set(refusing.map(({ key }) => key))].filter((key) =>
    byAbsence.some(({ labels }) => !Object.hasOwn(labels, key)),
  );
  const names = byAbsence.flatMap((each) => each.names).toSorted();
  const count = names.length === 1 ? "1 site matches" : `${names.length} sites match`;
  const message = `${count} only by lacking ${keys.join(" or ")}: ${someOf(names)}`;
  const hint = `add a bare \`${keys[0] ?? ""}\` to the selector to leave out sites without the label, or label them`;
  return [warningAt(placeOf(), { code: "matches-by-absence", message, hint })];
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
