import { templatesIn } from "../expressions/fill-json.ts";
import { sitesSelectorsIn } from "../model/check-expressions.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import { keptFor } from "../model/known-fleet.ts";
import { type AskedSelector, warnOfAsked } from "../model/warn-of-selectors.ts";
import { selectorFromSpec } from "../select/selector.ts";
import { type ManifestObject, readManifestObjects } from "./manifest-objects.ts";

/** Selectors of `sites('…')` in manifests that match no site, or some by absence. For a fleet without errors. */
export function warnOfManifestSelectors({ apps, manifests, sites }: FleetModel): Diagnostic[] {
  const asked = [...apps].flatMap(([name, { value }]) => {
    if (value.spec.source.expressions !== true) return [];
    return readManifestObjects(manifests.get(name) ?? []).objects.flatMap(selectorsOf);
  });
  return asked.length === 0 ? [] : warnOfAsked(asked, sites);
}

const selectorsOf = keptFor((manifest: ManifestObject): readonly AskedSelector[] =>
  templatesIn(manifest.object).flatMap(({ path, text, isKey }) => {
    const found = isKey ? [] : sitesSelectorsIn(text);
    return found.flatMap(({ selector: spec, offset }): AskedSelector[] => {
      const parsed = selectorFromSpec(spec);
      if (!parsed.ok) return [];
      return [{ selector: parsed.selector, place: () => manifest.textAt(path, offset) }];
    });
  }),
);
