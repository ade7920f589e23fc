/** A small fleet for tests of the controller, as texts: four sites in two regions, one app, fast stages. */
import type { TestRepository } from "./git-repository.ts";
import {
  appYaml,
  configMapYaml,
  fleetYaml,
  regionYaml,
  siteYaml,
  strategyYaml,
  virtualSiteYaml,
} from "./fleet.ts";

/** Texts by path; null removes a file. */
export type Files = Readonly<Record<string, string | null>>;

/** Sites a1, a2 in region east, b1, b2 in region west. */
export const fourSites = ["a1", "a2", "b1", "b2"] as const;

/** Two stages that pass at once: a canary (a1), then the rest. */
const twoStages = strategyYaml("fast", {
  stages: [{ name: "canary", selector: "ring=canary" }, { name: "rest" }],
  soak: "0s",
  minReady: "0s",
  progressDeadline: "60s",
  maxInFlight: "100%",
  maxUnavailable: "100%",
  failureBudget: 0,
});

/** The whole fleet; app `web` is one ConfigMap on all sites. */
function smallFleet(changes: Files = {}): Files {
  return {
    "fleet.yaml": fleetYaml({
      rollout: { strategy: "fast" },
      deletionBudget: { objects: 50, percent: 100 },
    }),
    "regions/east.yaml": regionYaml("east"),
    "regions/west.yaml": regionYaml("west"),
    "sites/a1.yaml": siteYaml("a1", { region: "east", labels: { ring: "canary" } }),
    "sites/a2.yaml": siteYaml("a2", { region: "east", labels: { ring: "main" } }),
    "sites/b1.yaml": siteYaml("b1", { region: "west", labels: { ring: "main" } }),
    "sites/b2.yaml": siteYaml("b2", { region: "west", labels: { ring: "main" } }),
    "virtual/all.yaml": virtualSiteYaml("all"),
    "strategies/fast.yaml": twoStages,
    "apps/web.yaml": appYaml("web"),
    ...webVersion("1"),
    ...changes,
  };
}

/** The only manifest of app `web`, in some version. */
export function webVersion(version: string): Files {
  return { "manifests/web/settings.yaml": configMapYaml("settings", { version }) };
}

/** A repository with the small fleet as its first commit. */
export async function commitFleet(
  repository: TestRepository,
  changes: Files = {},
): Promise<string> {
  return repository.commit(smallFleet(changes));
}
