import { sitesByLabels } from "../select/label-groups.ts";
import { SelectorIndex } from "../select/selector-index.ts";
import { selectorFromSpec } from "../select/selector.ts";
import { sitesSelectors } from "./check-expressions.ts";
import { allSelectors, type PlacedSelector } from "./check-selectors.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import type { Place } from "./fleet-model.ts";
import type { FleetDocument } from "./kinds.ts";
import { keptFor } from "./known-fleet.ts";

/** Every selector that sites are asked about: those of fields, and those that are written out in `sites('…')`. */
export function askedSelectors(draft: FleetDraft): PlacedSelector[] {
  const withExpressions = [...draft.profiles.values(), ...draft.apps.values()];
  return [...allSelectors(draft), ...withExpressions.flatMap(inExpressionsOf)];
}

const inExpressionsOf = keptFor((entry: Entry<FleetDocument>): readonly PlacedSelector[] =>
  sitesSelectors(entry.value.kind, entry.document).map(({ path, selector, offset }) => ({
    entry,
    path,
    spec: selector,
    offset,
    insteadOfEmpty: "select by a label that the sites have",
  })),
);

/** Where a selector begins. */
export function placeOfSelector({ entry, path, offset }: PlacedSelector): Place {
  const { document } = entry;
  return offset === undefined ? document.at(path) : document.textAt(path, offset);
}

/** So often may selectors be asked about kinds of sites: 500 of them about 10,000 sites that are all told apart. */
const mostAsked = 5_000_000;

/** Selectors that are asked about so many sites, together with those before them, that it takes too long. */
export function checkAsked(draft: FleetDraft): Diagnostic[] {
  const all = askedSelectors(draft).flatMap((placed) => {
    const parsed = selectorFromSpec(placed.spec);
    return parsed.ok ? { placed, selector: parsed.selector } : [];
  });
  const selectors = all.map(({ selector }) => selector);
  const kinds = sitesByLabels(draft.sites, selectors);
  if (selectors.length * kinds.length <= mostAsked) return [];
  const asked = new SelectorIndex(selectors).asked(kinds.map(({ labels }) => labels));
  let sum = 0;
  return all.flatMap(({ placed }, position) => {
    const own = asked[position] ?? 0;
    if (sum + own <= mostAsked) {
      sum += own;
      return [];
    }
    const message = `the selector is compared with ${own} kinds of sites, and all selectors together with more than ${mostAsked.toLocaleString("en-US")}`;
    const hint =
      "select by `=` or `in`, which are compared with the sites that have the value, or by labels that many sites share";
    return errorAt(placeOfSelector(placed), { code: "too-many-comparisons", message, hint });
  });
}
