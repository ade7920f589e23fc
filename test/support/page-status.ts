/** Statuses for tests and pictures of the page: a fleet of any size in the middle of things. */
import type { FleetStatus, SiteStatus } from "../../src/core/protocol/api.ts";
import type { StageProgress, Wait } from "../../src/core/rollout/planner-types.ts";
import { someOf } from "../../src/core/rollout/words.ts";
import { lastWord } from "../../src/controller/app-at-site.ts";
import { countApp, countSites } from "../../src/controller/status-view.ts";

const commit = "4be1c07d5b57875f334f61aebed695e2e4193db5";
const older = "a3694ae93254c1f1d5b3a1a6b3de0c4e6f7a8b90";

type AppAtSite = SiteStatus["apps"][number];

/** An app in sync and healthy, unless changed. */
export function anApp(app: string, changes: Partial<AppAtSite> = {}): AppAtSite {
  const release = `${app}-5f1d2c3b-a3694ae9`;
  const fine = { sync: "Synced", health: "Healthy", message: "" } as const;
  return { app, ...fine, release, revision: older, ...changes };
}

export function aSite(site: string, region: string, changes: Partial<SiteStatus> = {}): SiteStatus {
  const apps = [anApp("stock"), anApp("storefront"), anApp("till")];
  return { site, region, reachable: true, suspended: false, apps, ...changes };
}

/** A stage of 1 site that has not opened, unless changed. */
export function aStage(name: string, changes: Partial<StageProgress> = {}): StageProgress {
  return {
    name,
    by: "rest",
    failureBudget: 0,
    maxInFlight: 1,
    maxUnavailable: 1,
    soakMs: 300_000,
    sites: 1,
    done: 0,
    inFlight: 0,
    waiting: 1,
    failed: 0,
    unchanged: 0,
    excused: 0,
    offline: 0,
    rolledBack: 0,
    opened: false,
    passed: false,
    ...changes,
  };
}

export function aWait(app: string, changes: Partial<Wait> = {}): Wait {
  const why = { reason: "stage canary soaks", endsWhen: "4m more have passed without a failure" };
  return { app, release: `${app}-1`, stage: "rest", site: null, code: "soak", ...why, ...changes };
}

/**
 * A status whose totals follow from its sites, counted as the controller counts; of sites that are not reachable, or
 * whose region's worker is silent, it tells what was heard last.
 */
export function aStatus(changes: Partial<FleetStatus> = {}): FleetStatus {
  const given = changes.siteList ?? [
    aSite("oslo", "nordics"),
    aSite("bergen", "nordics"),
    aSite("berlin", "central"),
  ];
  const silent = (changes.regions ?? []).filter(({ worker }) => worker === "silent");
  const siteList = given.map((site) =>
    asHeard(site, { isSilent: silent.some(({ name }) => name === site.region) }),
  );
  const names = [...new Set(siteList.flatMap(({ apps }) => apps.map(({ app }) => app)))];
  return {
    fleet: "acme",
    revision: `main@sha1:${commit}`,
    refused: null,
    sites: countSites(siteList),
    regions: regionsOf(siteList),
    apps: names.toSorted().map((app) => ({
      app,
      ...countApp(app, siteList),
      release: `${app}-5f1d2c3b-a3694ae9`,
    })),
    releases: [],
    waits: [],
    holds: [],
    warnings: ["state is on one disk: losing it loses control and the mirrors"],
    ...changes,
    siteList,
  };
}

function asHeard(site: SiteStatus, link: { readonly isSilent: boolean }): SiteStatus {
  if (site.reachable && !link.isSilent) return site;
  const apps = site.apps.map((app) => {
    return { ...app, sync: "Unknown", health: "Unknown", message: lastWord(link, app) } as const;
  });
  return { ...site, reachable: false, apps };
}

/** All with a live worker. */
function regionsOf(sites: readonly SiteStatus[]): FleetStatus["regions"] {
  const byRegion = Map.groupBy(sites, ({ region }) => region);
  return [...byRegion].map(([name, rows]) => {
    return { name, sites: rows.length, worker: "live", message: "" };
  });
}

const cities = [
  "aarhus bergen berlin bilbao bremen cadiz dresden essen faro graz hamburg kiel leipzig lisbon",
  "madrid malmo munich oslo porto riga sevilla tampere turku vienna zaragoza",
]
  .join(" ")
  .split(" ");

/** How far storefront's rollout has come: past the canary and a tenth of the sites, half through the rest. */
function extentOf(
  count: number,
): Readonly<Record<"early" | "rest" | "inFlight" | "waiting", number>> {
  const early = Math.floor(count / 10);
  const rest = count - 1 - early;
  return {
    early,
    rest,
    inFlight: Math.max(1, Math.floor(rest / 10)),
    waiting: Math.floor(rest / 2),
  };
}

/** Many sites in regions of a hundred, in the order of the stages, a few of them in each kind of trouble. */
function manySites(count: number): SiteStatus[] {
  const regions = Math.max(3, Math.ceil(count / 100));
  return Array.from({ length: count }, (_, index) => {
    const region = `region-${String((index % regions) + 1).padStart(2, "0")}`;
    const name = `${cities[index % cities.length]}-${String(index).padStart(4, "0")}`;
    const apps = [anApp("stock"), storefrontAt(index, count), anApp("till")];
    return aSite(name, region, { apps, ...troubleOf(index) });
  });
}

function storefrontAt(index: number, count: number): AppAtSite {
  const { early, inFlight, waiting } = extentOf(count);
  const next = { release: "storefront-77c0ffee-4be1c07d", revision: commit };
  const ahead = count - waiting - index;
  if (ahead <= 0) return anApp("storefront");
  if (ahead <= inFlight) {
    const message = "Deployment storefront/storefront: 2 of 3 updated";
    return anApp("storefront", { ...next, health: "Progressing", message });
  }
  if (index > early && index % 131 === 45) {
    const message = "Deployment storefront/storefront: 0 of 3 ready: CrashLoopBackOff";
    return anApp("storefront", { ...next, health: "Degraded", message });
  }
  return anApp("storefront", next);
}

function troubleOf(index: number): Partial<SiteStatus> {
  if (index % 97 === 13) return { reachable: false };
  return index % 211 === 5 ? { suspended: true } : {};
}

/** Why a site of an open stage is not handed the release; `budget`: where nothing is wrong with the site. */
function waitAt(
  { site, region, reachable, suspended }: SiteStatus,
  silentRegion: string,
  budget: string,
): Pick<Wait, "code" | "reason" | "endsWhen"> {
  if (region === silentRegion) {
    const endsWhen = "it reports again, or an operator excuses the region";
    return { code: "worker-silent", reason: `the worker of ${region} is silent`, endsWhen };
  }
  if (!reachable) {
    return { code: "offline", reason: `${site} does not answer`, endsWhen: "it answers again" };
  }
  if (suspended) {
    const endsWhen = "a commit ends `suspend`";
    return { code: "suspended", reason: `${site} is suspended`, endsWhen };
  }
  return { code: "in-flight-budget", reason: budget, endsWhen: "one of them settles" };
}

/**
 * In the middle of two rollouts: one waits for a slot and has lost a site, one waits for an approval; a region's worker
 * is silent.
 */
export function midRollout(count: number, silentSince = "2026-03-02T14:02:11.000Z"): FleetStatus {
  const sites = manySites(count);
  const { early, rest, inFlight, waiting } = extentOf(count);
  const release = "storefront-77c0ffee-4be1c07d";
  const inStage = { release, stage: "rest" };
  const failed = sites.filter(({ apps }) => apps.some(({ health }) => health === "Degraded"));
  const users = sites.slice(count - waiting - inFlight, count - waiting).map(({ site }) => site);
  const budget = `stage rest of ${release} has ${inFlight} of at most ${inFlight} sites in flight (${someOf(users, 3)}; maxInFlight)`;
  const silentRegion = "region-02";
  const regions = regionsOf(sites).map((region) =>
    region.name === silentRegion
      ? ({ ...region, worker: "silent", message: `silent since ${silentSince}` } as const)
      : region,
  );
  return aStatus({
    siteList: sites,
    regions,
    releases: [
      {
        app: "storefront",
        release: { id: release, digest: "77c0ffee", renderer: 1, source: commit },
        kind: "app",
        state: "moving",
        stages: [
          aStage("canary", { by: "count 1", done: 1, waiting: 0, opened: true, passed: true }),
          aStage("early", {
            by: `10 % of ${count} = ${early}`,
            sites: early,
            done: early - 1,
            excused: 1,
            waiting: 0,
            opened: true,
            passed: true,
            maxInFlight: Math.ceil(early / 4),
          }),
          aStage("rest", {
            sites: rest,
            inFlight,
            failed: failed.length,
            waiting,
            opened: true,
            done: rest - inFlight - failed.length - waiting,
            maxInFlight: inFlight,
            maxUnavailable: inFlight,
            failureBudget: Math.max(1, Math.floor(rest / 50)),
          }),
        ],
      },
      {
        app: "till",
        release: { id: "till-0badcafe-4be1c07d", digest: "0badcafe", renderer: 1, source: commit },
        kind: "app",
        state: "waiting",
        stages: [
          aStage("canary", { by: "count 1", done: 1, waiting: 0, opened: true, passed: true }),
          aStage("rest", { sites: count - 1, waiting: count - 1, maxInFlight: inFlight }),
        ],
      },
    ],
    waits: [
      ...sites.slice(count - waiting).map((site) =>
        aWait("storefront", {
          ...inStage,
          site: site.site,
          ...waitAt(site, silentRegion, budget),
        }),
      ),
      ...failed.map(({ site }) =>
        aWait("storefront", {
          ...inStage,
          site,
          code: "failed",
          reason: "Degraded: Deployment storefront/storefront: 0 of 3 ready: CrashLoopBackOff",
          endsWhen: "an operator retries or excuses it, or a newer commit replaces the release",
        }),
      ),
      aWait("till", {
        release: "till-0badcafe-4be1c07d",
        code: "approval",
        reason: "stage rest opens only with an approval",
        endsWhen: "an operator approves stage rest of till-0badcafe-4be1c07d",
        needs: { app: "till", release: "till-0badcafe-4be1c07d", what: "stage", value: "rest" },
      }),
    ],
    holds: [
      {
        id: "h1",
        scope: "app stock",
        target: { app: "stock" },
        by: "ada",
        why: "stocktaking until Monday",
      },
    ],
  });
}

/** A head that is not followed, and a rollout that has stopped. */
export function inTrouble(count: number): FleetStatus {
  const status = midRollout(count);
  const [first, ...others] = status.releases;
  const failed = status.siteList.find(({ apps }) =>
    apps.some(({ health }) => health === "Degraded"),
  );
  if (first === undefined || failed === undefined) return status;
  const budget = first.stages.find(({ passed }) => !passed)?.failureBudget ?? 0;
  const stages = first.stages.map((stage) => {
    const done = stage.done + stage.failed - (budget + 1);
    return stage.passed ? stage : { ...stage, failed: budget + 1, done };
  });
  return {
    ...status,
    refused: {
      commit: "9f1e6d2c4b3a5968778695a4b3c2d1e0f9a8b7c6",
      reason: "apps/till/app.yaml:12:7: unknown field",
      mistakes: [
        'apps/till/app.yaml:12:7: error: unknown field "replica"; did you mean "replicas"?',
        'sites/nordics/oslo.yaml:6:11: error: region "nordic" does not exist; did you mean "nordics"?',
      ],
    },
    releases: [{ ...first, state: "failed", stages }, ...others],
    waits: [
      ...status.waits,
      aWait("storefront", {
        release: first.release.id,
        stage: "rest",
        code: "failure-budget",
        reason: `${budget + 1} sites of stage rest failed (${failed.site} and ${budget} more); its failureBudget is ${budget}`,
        endsWhen:
          "an operator retries or excuses what failed, or a newer commit replaces the release",
      }),
    ],
  };
}
