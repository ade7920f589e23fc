/**
 * Where the schema of a chart's values is closed: the hint that a value comes from a Site or a Profile, which give their
 * values to every chart.
 */
import type { Located, Place } from "../../model/fleet-model.ts";
import type { Site } from "../../model/kinds.ts";
import { type LayeredApp, valueOrder } from "../layered-app.ts";
import { placeText } from "../mistake.ts";
import type { ToolProblem } from "./tool-output.ts";

/** Of the chart itself: Helm tells it first. Names beyond these signs are not looked for. */
const unknownNames =
  /^helm: values don't meet the specifications of the schema\(s\) in the following chart\(s\): \S+: - at '': additional properties ((?:'[\w.-]+'(?:, )?)+) not allowed/;

/** A site of an app, with what holds there. */
export interface ValuesOfSite {
  readonly site: Located<Site> | undefined;
  readonly app: LayeredApp;
  /** Positions in the overlays of the app. */
  readonly overlays: readonly number[];
}

/** Where a value comes from that every chart gets. */
interface Giver {
  readonly words: string;
  readonly place: Place;
  readonly takers: string;
}

/** The problem with a hint, where it is told of a name that is written in the values of this Site, or of a Profile there. */
export function withSiteValueHint(problem: ToolProblem, values: ValuesOfSite): ToolProblem {
  const found = unknownNames.exec(problem.message)?.[1]?.split(", ") ?? [];
  const names = found.map((each) => each.slice(1, -1));
  for (const giverOf of [siteGiver, profileGiver]) {
    for (const name of names) {
      const giver = giverOf(name, values);
      if (giver !== undefined) return { ...problem, hint: hintOf(name, giver) };
    }
  }
  return problem;
}

function hintOf(name: string, { words, place, takers }: Giver): string {
  return `\`${name}\` is a value of ${words}, at ${placeText(place)}, and every chart ${takers} gets those; allow it in the schema (\`"${name}": {}\`), or set \`helm.skipSchemaValidation\` of the App`;
}

function siteGiver(name: string, { site }: ValuesOfSite): Giver | undefined {
  if (site === undefined || !Object.hasOwn(site.value.spec.values ?? {}, name)) return undefined;
  const place = site.keyAt(["spec", "values", name]);
  return { words: "the Site", place, takers: "at a site" };
}

/** A profile whose value of this name wins over the others; none where the App itself has the last word. */
function profileGiver(name: string, { site, app, overlays }: ValuesOfSite): Giver | undefined {
  const index = valueOrder(app, overlays).findLast((each) => givesValue(app, each, name));
  const layer = typeof index === "number" ? app.layers[index] : undefined;
  if (site === undefined || layer === undefined || layer.profile === null) return undefined;
  const place = app.keyAt(["spec", "overlays", index ?? 0, "values", name]);
  return { words: `the ${layer.title}`, place, takers: "with this profile" };
}

function givesValue(app: LayeredApp, index: number | null, name: string): boolean {
  const { values } = index === null ? app.value.spec : (app.layers[index]?.overlay ?? {});
  return Object.hasOwn(values ?? {}, name);
}
