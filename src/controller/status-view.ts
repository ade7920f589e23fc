/** `GET /api/v1/status`: what stands where, from the last pass and what the workers said since. Pure. */
import type { AppStatus, FleetStatus, SiteStatus } from "../core/protocol/api.ts";
import { scopeInWords } from "../core/rollout/holds.ts";
import { own } from "../core/rollout/own.ts";
import type { ReleaseProgress, SiteFacts } from "../core/rollout/planner-types.ts";
import type { Hold } from "../core/rollout/records.ts";
import { appsAtSite, siteLink } from "./app-at-site.ts";
import { siteFacts } from "./fleet-facts.ts";
import type { Observations } from "./observations.ts";
import type { Recovery } from "./recovery.ts";
import type { Pass } from "./reconcile.ts";

export interface StatusInput {
  readonly pass: Pass;
  readonly progress: readonly ReleaseProgress[];
  readonly observations: Observations;
  readonly recovery: Recovery;
  readonly branch: string;
  /** What an operator should know, beside what the pass tells. */
  readonly warnings: readonly string[];
}

export function statusView(input: StatusInput): FleetStatus {
  const { pass, progress, branch } = input;
  const { control, read, plan } = pass;
  const sites = siteRows(input);
  const head = control.state.head?.commit;
  return {
    fleet: read?.head.model.fleet.value.metadata.name ?? "",
    revision: head === undefined ? null : `${branch}@sha1:${head}`,
    refused: refusedHead(pass),
    sites: countSites(sites, read === null ? {} : siteFacts(read.head.model)),
    regions: regionRows(input),
    apps: appRows(pass, sites),
    siteList: sites,
    releases: progress,
    waits: plan?.waits ?? [],
    holds: control.state.holds.map(holdRow),
    warnings: [...input.warnings, ...pass.problems],
  };
}

function refusedHead({ verdict }: Pass): FleetStatus["refused"] {
  if (verdict.verdict !== "refused") return null;
  return { commit: verdict.commit, reason: verdict.reason };
}

function holdRow(hold: Hold): FleetStatus["holds"][number] {
  return { id: hold.id, scope: scopeInWords(hold.scope), by: hold.by, why: hold.why };
}

function siteRows({ pass: { read }, observations }: StatusInput): SiteStatus[] {
  if (read === null) return [];
  return Object.entries(siteFacts(read.head.model)).map(([site, { region }]) => {
    const { reachable } = siteLink(read, observations, site);
    const apps = [...appsAtSite(read, observations, site)].map(([app, at]) => ({ app, ...at }));
    return { site, region, reachable, apps };
  });
}

function isWell(health: string): boolean {
  return health === "Healthy" || health === "Suspended";
}

function countSites(
  rows: readonly SiteStatus[],
  facts: Readonly<Record<string, SiteFacts>>,
): FleetStatus["sites"] {
  return {
    total: rows.length,
    synced: rows.filter(({ apps }) => apps.every(({ sync }) => sync === "Synced")).length,
    healthy: rows.filter(({ apps }) => apps.every(({ health }) => isWell(health))).length,
    offline: rows.filter(({ reachable }) => !reachable).length,
    suspended: rows.filter(({ site }) => own(facts, site)?.suspend).length,
  };
}

function regionRows({ pass, observations, recovery }: StatusInput): FleetStatus["regions"] {
  if (pass.read === null) return [];
  const { model } = pass.read.head;
  const facts = Object.values(siteFacts(model));
  return [...model.regions.keys()].map((name) => {
    const behind = pass.mirrors.some(({ mirror, isBehindWorker }) =>
      mirror.name === name ? isBehindWorker : false,
    );
    const isSilent = observations.silentSince(name) !== null || behind;
    return {
      name,
      sites: facts.filter(({ region }) => region === name).length,
      worker: isSilent ? "silent" : "live",
      message: behind ? recovery.messageOf(name) : regionMessage(observations, name),
    };
  });
}

function regionMessage(observations: Observations, name: string): string {
  if (observations.headOf(name) === undefined) return "its worker has not reported since the start";
  const since = observations.silentSince(name);
  if (since !== null) return `silent since ${new Date(since).toISOString()}`;
  return observations.refusedOf(name);
}

function appRows({ control, read }: Pass, sites: readonly SiteStatus[]): AppStatus[] {
  const names = new Set([...(read?.head.apps.keys() ?? []), ...Object.keys(control.state.apps)]);
  return [...names].toSorted().map((app) => {
    const rows = sites.flatMap(({ apps }) => apps.filter((row) => row.app === app));
    return {
      app,
      sites: rows.length,
      synced: rows.filter(({ sync }) => sync === "Synced").length,
      healthy: rows.filter(({ health }) => isWell(health)).length,
      release: own(control.state.apps, app)?.current.release?.id ?? null,
    };
  });
}
