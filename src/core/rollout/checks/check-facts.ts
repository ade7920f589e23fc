/** What checks are asked over: plain values, worked out only where a check speaks of them. */
import type { Json } from "../../model/json.ts";
import { own } from "../own.ts";
import type { PlannerInput } from "../planner-types.ts";
import { isHealthy, type SiteView, standingTree, viewSite } from "../site-view.ts";

type Facts = Readonly<Record<string, Json>>;

/** Facts of an app at a site: `site`, `app`, `apps`. */
export function siteFacts(
  input: PlannerInput,
  { app, view, unknownBlocks }: { app: string; view: SiteView; unknownBlocks: boolean },
): Facts {
  const { site, facts, didAnswer } = view;
  return {
    get site() {
      const { region = "", labels = {} } = facts ?? {};
      // A fact that nobody has told is absent: a check that speaks of it has no answer, and is not true.
      const version = own(input.observed, site)?.kubernetesVersion;
      const told = version === undefined ? {} : { kubernetesVersion: version };
      return { name: site, region, labels: { ...labels }, reachable: didAnswer, ...told };
    },
    get app() {
      return { name: app, ...appFacts(view, unknownBlocks) };
    },
    get apps() {
      return Object.fromEntries(
        appsAt(input, site).map((name) => {
          const other = name === app ? view : viewSite(input, name, site);
          return [name, appFacts(other, name === app && unknownBlocks)];
        }),
      );
    },
  };
}

/** What has left is not there, though its worker, or a marker, may still speak of it. */
function appsAt({ mirrors, observed }: PlannerInput, site: string): string[] {
  const [told = {}, standing = {}] = [own(observed, site)?.apps, own(mirrors, site)];
  return [...new Set([...Object.keys(standing), ...Object.keys(told)])].filter(
    (app) => own(told, app)?.left !== true || standingTree(own(standing, app)) !== undefined,
  );
}

function appFacts(view: SiteView, unknownBlocks: boolean): Record<string, Json> {
  const { observed, entry } = view;
  return {
    health: observed?.health ?? "Unknown",
    healthy: isHealthy(view, unknownBlocks),
    present: standingTree(entry) !== undefined,
    healthyForSeconds: Math.floor((observed?.healthyForMs ?? 0) / 1000),
    unverified: observed?.unverified ?? 0,
  };
}

/** `overall`: the sites at which the app stands. */
export function overallFacts(input: PlannerInput, app: string): Facts {
  return {
    get overall() {
      let [sites, healthy] = [0, 0];
      for (const site of input.sites.keys()) {
        const view = viewSite(input, app, site);
        if (standingTree(view.entry) === undefined) continue;
        sites += 1;
        if (isHealthy(view, false)) healthy += 1;
      }
      return { sites, healthy, unhealthy: sites - healthy, healthyShare: shareOf(healthy, sites) };
    },
  };
}

/** A share between 0 and 1; of nothing: 0. */
export function shareOf(part: number, all: number): number {
  return all === 0 ? 0 : part / all;
}
