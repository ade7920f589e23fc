/**
 * What the Kubernetes versions of the sites that an app is placed at speak against: API versions that they do not serve,
 * and versions that the App does not run on. A site whose version nobody declares is not judged.
 */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { FleetModel, Located, Place } from "../model/fleet-model.ts";
import { FollowedFindings } from "../model/followed-results.ts";
import { KeptResults } from "../model/kept-results.ts";
import type { App, Site } from "../model/kinds.ts";
import type { ObjectId } from "../model/kube-object.ts";
import { type ServingProblem, servingProblem } from "./api-lifecycle.ts";
import { mistake, warning } from "./mistake.ts";
import type { PlacedRendering } from "./placed-rendering.ts";
import type { TreeId } from "./rendered.ts";

/** Sites by the minor version of their Kubernetes: 33 of `1.33`. */
type SitesByMinor = ReadonlyMap<number, readonly string[]>;

/** Mistakes and warnings of all apps; each once, with a site where it happens. */
export function checkKubernetes(
  model: FleetModel,
  renderings: readonly PlacedRendering[],
): readonly Diagnostic[] {
  const minors = minorsOf(model);
  if (minors.size === 0) return [];
  return renderings.flatMap((rendering) => {
    const app = model.apps.get(rendering.app.app);
    return keptChecks.get(rendering, [app, minors], () => [
      ...(app === undefined ? [] : rangeMistakes(app, rendering, minors)),
      ...servingMistakes(rendering, minors),
    ]);
  });
}

const keptChecks = new KeptResults<PlacedRendering, readonly Diagnostic[]>();
const followedMinors = new FollowedFindings<Located<Site>, number>();

function minorsOf({ fleet, sites }: FleetModel): ReadonlyMap<string, number> {
  const common = fleet.value.spec.kubernetes?.version;
  return followedMinors.get(sites, [common], ({ value }) => {
    const version = value.spec.kubernetes?.version ?? common;
    return version === undefined ? undefined : minorOf(version);
  });
}

/** The schema has checked the form, `1.33`. */
function minorOf(version: string): number {
  return Number(version.slice("1.".length));
}

function byMinor(sites: Iterable<string>, minors: ReadonlyMap<string, number>): SitesByMinor {
  const found = new Map<number, string[]>();
  for (const site of sites) {
    const minor = minors.get(site);
    if (minor === undefined) continue;
    const known = found.get(minor);
    if (known === undefined) found.set(minor, [site]);
    else known.push(site);
  }
  return found;
}

function rangeMistakes(
  app: Located<App>,
  { app: { sites } }: PlacedRendering,
  minors: ReadonlyMap<string, number>,
): readonly Diagnostic[] {
  const { min, max } = app.value.spec.kubernetes ?? {};
  if (min === undefined && max === undefined) return [];
  return [...byMinor(sites.keys(), minors)].flatMap(([minor, names]) => {
    const isBelow = min !== undefined && minor < minorOf(min);
    const isAbove = max !== undefined && minor > minorOf(max);
    if (!isBelow && !isAbove) return [];
    const { name } = app.value.metadata;
    const wanted = isBelow ? `1.${minorOf(min)} or newer` : `at most 1.${minorOf(max ?? "")}`;
    return mistake(app.at(["spec", "kubernetes", isBelow ? "min" : "max"]), {
      code: "kubernetes-version",
      message: `${name} needs Kubernetes ${wanted}; ${placesOf(minor, names)}`,
      hint: "place it at other sites, or upgrade these first",
    });
  });
}

/** By API version and kind, so that an app with many objects of one kind is not a wall of text. */
function servingMistakes(
  rendering: PlacedRendering,
  minors: ReadonlyMap<string, number>,
): readonly Diagnostic[] {
  const found = new Map<string, Unserved>();
  for (const one of unserved(rendering, minors)) {
    const known = found.get(one.key);
    found.set(
      one.key,
      known === undefined ? one : { ...known, sites: [...known.sites, ...one.sites] },
    );
  }
  return [...found.values()].map(({ place, sites, minor, problem }) => {
    const message = `${problem.message}; ${placesOf(minor, [...new Set(sites)].toSorted())}`;
    const told = { code: "unserved-api", message, hint: problem.hint } as const;
    return problem.when === "now" ? mistake(place, told) : warning(place, told);
  });
}

interface Unserved {
  readonly key: string;
  readonly place: Place;
  readonly sites: readonly string[];
  readonly minor: number;
  readonly problem: ServingProblem;
}

/** What is not served, of each variant at each version. */
function unserved(
  { app, variants, places, kinds }: PlacedRendering,
  minors: ReadonlyMap<string, number>,
): readonly Unserved[] {
  // Nearly always all of them are served, which is seen without looking at any site.
  const versions = [...new Set(minors.values())];
  const isServed = (of: string): boolean => {
    const [apiVersion = "", kind = ""] = of.split(" ");
    return versions.every((minor) => servingProblem({ apiVersion, kind }, minor) === undefined);
  };
  if ([...kinds()].every(isServed)) return [];
  return [...sitesByTree(app.sites)].flatMap(([tree, names]) =>
    [...byMinor(names, minors)].flatMap(([minor, sites]) =>
      (variants.get(tree)?.objects ?? []).flatMap(({ id, object }): Unserved[] => {
        const problem = servingProblem(object, minor);
        if (problem === undefined) return [];
        const key = JSON.stringify([object.apiVersion, object.kind, minor]);
        return [{ key, place: placeOf(places, id), sites, minor, problem }];
      }),
    ),
  );
}

function sitesByTree(sites: ReadonlyMap<string, TreeId>): ReadonlyMap<TreeId, readonly string[]> {
  const found = new Map<TreeId, string[]>();
  for (const [site, tree] of sites) {
    const known = found.get(tree);
    if (known === undefined) found.set(tree, [site]);
    else known.push(site);
  }
  return found;
}

function placeOf(places: PlacedRendering["places"], id: ObjectId): Place {
  return places().get(id) ?? { file: ".", line: 0, column: 0 };
}

function placesOf(minor: number, names: readonly string[]): string {
  const [first = "", ...others] = names;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `site ${first}${more} ${others.length === 0 ? "has" : "have"} 1.${minor}`;
}
