/** Statuses for tests and pictures of the page: a fleet of any size in the middle of things. */
import type { FleetStatus, SiteStatus } from "../../src/core/protocol/api.ts";
import type { StageProgress, Wait } from "../../src/core/rollout/planner-types.ts";

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

/** A status whose totals follow from its sites. */
export function aStatus(changes: Partial<FleetStatus> = {}): FleetStatus {
  const siteList = changes.siteList ?? [
    aSite("oslo", "nordics"),
    aSite("bergen", "nordics"),
    aSite("berlin", "central"),
  ];
  const count = (isCounted: (site: SiteStatus) => boolean): number =>
    siteList.filter(isCounted).length;
  const isWell = ({ health }: AppAtSite): boolean => /^(Healthy|Suspended)$/.test(health);
  const names = [...new Set(siteList.flatMap(({ apps }) => apps.map(({ app }) => app)))];
  const byRegion = Map.groupBy(siteList, ({ region }) => region);
  return {
    fleet: "acme",
    revision: `main@sha1:${commit}`,
    refused: null,
    sites: {
      total: siteList.length,
      synced: count(({ apps }) => apps.every(({ sync }) => sync === "Synced")),
      healthy: count(({ apps }) => apps.every(isWell)),
      offline: count(({ reachable }) => !reachable),
      suspended: count(({ suspended }) => suspended),
    },
    regions: [...byRegion].map(([name, sites]) => ({
      name,
      sites: sites.length,
      worker: "live",
      message: "",
    })),
    apps: names.map((app) => {
      const rows = siteList.flatMap(({ apps }) => apps.filter((row) => row.app === app));
      const synced = rows.filter(({ sync }) => sync === "Synced").length;
      const healthy = rows.filter(isWell).length;
      return { app, sites: rows.length, synced, healthy, release: `${app}-5f1d2c3b-a3694ae9` };
    }),
    siteList,
    releases: [],
    waits: [],
    holds: [],
    warnings: ["state is on one disk: losing it loses control and the mirrors"],
    ...changes,
  };
}

const cities = [
  "aarhus bergen berlin bilbao bremen cadiz dresden essen faro graz hamburg kiel leipzig lisbon",
  "madrid malmo munich oslo porto riga sevilla tampere turku vienna zaragoza",
]
  .join(" ")
  .split(" ");

/** Many sites in regions of a hundred, a few of them in each kind of trouble. */
function manySites(count: number): SiteStatus[] {
  const regions = Math.max(3, Math.ceil(count / 100));
  return Array.from({ length: count }, (_, index) => {
    const region = `region-${String((index % regions) + 1).padStart(2, "0")}`;
    const name = `${cities[index % cities.length]}-${String(index).padStart(4, "0")}`;
    return aSite(name, region, troubleOf(index));
  });
}

function troubleOf(index: number): Partial<SiteStatus> {
  const rest = [anApp("stock"), anApp("till")];
  const next = { release: "storefront-77c0ffee-4be1c07d", revision: commit };
  if (index % 97 === 13) return { reachable: false };
  if (index % 211 === 5) return { suspended: true };
  if (index % 223 === 6) return { leaving: true };
  if (index % 131 === 7) {
    const message = "Deployment storefront/storefront: 0 of 3 ready: CrashLoopBackOff";
    return { apps: [...rest, anApp("storefront", { ...next, health: "Degraded", message })] };
  }
  if (index % 29 === 3) {
    const message = "Deployment storefront/storefront: 2 of 3 updated";
    const moving = { ...next, sync: "Synced", health: "Progressing", message } as const;
    return { apps: [...rest, anApp("storefront", moving)] };
  }
  return index % 11 < 3 ? { apps: [...rest, anApp("storefront", next)] } : {};
}

/** In the middle of two rollouts: one waits for a slot and has lost a site, one waits for an approval. */
export function midRollout(count: number, silentSince = "2026-03-02T14:02:11.000Z"): FleetStatus {
  const siteList = manySites(count);
  const names = siteList.map(({ site }) => site);
  const [early, rest] = [Math.floor(count / 10), count - 1 - Math.floor(count / 10)];
  const most = Math.max(1, Math.floor(rest / 10));
  const release = "storefront-77c0ffee-4be1c07d";
  const inStage = { release, stage: "rest" };
  const waiting = names.slice(-Math.floor(rest / 2));
  const status = aStatus({ siteList });
  return {
    ...status,
    regions: status.regions.map((region, index) =>
      index === 1
        ? { ...region, worker: "silent", message: `silent since ${silentSince}` }
        : region,
    ),
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
            inFlight: most,
            failed: 1,
            waiting: waiting.length,
            opened: true,
            done: rest - most - 1 - waiting.length,
            maxInFlight: most,
            maxUnavailable: most,
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
          aStage("rest", { sites: count - 1, waiting: count - 1, maxInFlight: most }),
        ],
      },
    ],
    waits: [
      ...waiting.map((site) =>
        aWait("storefront", {
          ...inStage,
          site,
          code: "in-flight-budget",
          reason: `stage rest has ${most} of at most ${most} sites in flight (${names.slice(0, 3).join(", ")} and ${most - 3} more; maxInFlight)`,
          endsWhen: "one of them settles",
        }),
      ),
      aWait("storefront", {
        ...inStage,
        site: names[7] ?? "",
        code: "failed",
        reason: "Degraded: Deployment storefront/storefront: 0 of 3 ready: CrashLoopBackOff",
        endsWhen: "an operator retries or excuses it, or a newer commit replaces the release",
      }),
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
  };
}

/** A head that is not followed, and a rollout that has stopped. */
export function inTrouble(count: number): FleetStatus {
  const status = midRollout(count);
  const [first, ...others] = status.releases;
  if (first === undefined) return status;
  const stages = first.stages.map((stage) =>
    stage.passed ? stage : { ...stage, failed: stage.failureBudget + 1, done: stage.done - 1 },
  );
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
        reason:
          "54 sites of stage rest failed (berlin-0007, faro-0138 and 52 more); its failureBudget is 53",
        endsWhen:
          "an operator retries or excuses what failed, or a newer commit replaces the release",
      }),
    ],
  };
}
