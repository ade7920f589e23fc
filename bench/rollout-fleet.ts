/**
 * The fleet whose rollouts are measured: beside app-0, which is everywhere, `part` at a tenth of the sites and `many` at
 * four tenths, each with a strategy that bites.
 */
import { appFiles, type FleetSize, sitesByRegion } from "./synthetic-fleet.ts";

export const everywhere = "app-0";
export const part = "part";
export const many = "many";

/** What an app's objects say: a ConfigMap that changes nothing for its pods, and the image of its Deployment. */
export interface AppVersion {
  readonly settings: number;
  readonly image: string;
}

export const soakMs = 2000;
export const minReadyMs = 1000;

/** The sites at which an app is. */
export function sitesOf(size: FleetSize, app: string): readonly string[] {
  const all = [...sitesByRegion(size).values()].flat().toSorted();
  const shares: Readonly<Record<string, number>> = { [part]: 0.1, [many]: 0.4 };
  return all.slice(0, Math.max(4, Math.floor(all.length * (shares[app] ?? 1))));
}

/** Stages of each app's strategy. */
export const stageCounts: Readonly<Record<string, number>> = { [everywhere]: 10, [part]: 3 };

/** Strategies, and which app has which: pushed before anything that they are to hold for. */
export function rolloutFiles(size: FleetSize): Files {
  return {
    "rollouts/strategies.yaml": [
      strategy("ten", { stages: tenStages, progressDeadline: "120s" }),
      strategy("three", {
        stages: [{ name: "canary", count: 1 }, { name: "third", percent: 30 }, { name: "rest" }],
        progressDeadline: "45s",
        failureBudget: 0,
        rollback: "stage",
      }),
      // Lets a version break everything, so that a fix is needed everywhere.
      strategy("reckless", {
        stages: [{ name: "canary", count: 1 }, { name: "rest" }],
        progressDeadline: "45s",
        failureBudget: "100%",
        rollback: "none",
      }),
    ].join("---\n"),
    "rollouts/places.yaml": [
      virtualSite("a-tenth", sitesOf(size, part)),
      virtualSite("four-tenths", sitesOf(size, many)),
    ].join("---\n"),
    ...versionFiles(everywhere, firstVersion),
    ...versionFiles(part, firstVersion),
    ...versionFiles(many, firstVersion),
  };
}

const firstVersion: AppVersion = { settings: 1, image: "1" };

type Files = Record<string, string>;

const apps: Readonly<Record<string, { readonly strategy: string; readonly place: string }>> = {
  [everywhere]: { strategy: "ten", place: "everywhere" },
  [part]: { strategy: "three", place: "a-tenth" },
  [many]: { strategy: "reckless", place: "four-tenths" },
};

/** A version of an app: two objects, of which each says its own number. */
export function versionFiles(app: string, { settings, image }: AppVersion): Files {
  const { strategy: name = "", place = "" } = apps[app] ?? {};
  const files = Object.entries(appFiles(app, 2, settings)).map(([path, text]) => [
    path,
    text.replace(`registry.example/${app}:${settings}"`, `registry.example/${app}:${image}"`),
  ]);
  const spec = {
    namespace: app,
    source: { manifests: `apps/${app}/manifests` },
    placement: { virtualSites: [place] },
    rollout: { strategy: name },
  };
  return { ...Object.fromEntries(files), [`apps/${app}/app.yaml`]: document("App", app, spec) };
}

const tenStages = Array.from({ length: 10 }, (_, index) =>
  index === 9 ? { name: "s10" } : { name: `s${index + 1}`, percent: 10 },
);

function strategy(name: string, spec: object): string {
  const all = { maxInFlight: "100%", maxUnavailable: "100%" };
  const times = { soak: `${soakMs}ms`, minReady: `${minReadyMs}ms` };
  return document("RolloutStrategy", name, { ...all, ...times, ...spec });
}

function virtualSite(name: string, sites: readonly string[]): string {
  return document("VirtualSite", name, { selector: `rack in (${sites.join(",")})` });
}

function document(kind: string, name: string, spec: object): string {
  return `${JSON.stringify({ apiVersion: "flotilla.dev/v1alpha1", kind, metadata: { name }, spec })}\n`;
}
