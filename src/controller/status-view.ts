/** `GET /api/v1/status`: what stands where, from the last pass and what the workers said since. Pure. */
import type { AppStatus, FleetStatus, SiteStatus } from "../core/protocol/api.ts";
import type { FleetError } from "../core/errors.ts";
import { targetInWords } from "../core/rollout/holds.ts";
import { own } from "../core/rollout/own.ts";
import type { ControlState, ReleaseProgress } from "../core/rollout/planner-types.ts";
import type { Hold } from "../core/rollout/records.ts";
import { appsAtSite, releasesAt, siteLink, standingAt } from "./app-at-site.ts";
import type { Observations } from "./observations.ts";
import type { ReadMirror } from "./planner-input.ts";
import { type Recovery, silentSinceInWords } from "./recovery.ts";
import type { Pass } from "./reconcile.ts";
import { refusedHead } from "./refused-head.ts";
import { toldWaits } from "./told-waits.ts";

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
  const { control, read } = pass;
  const sites = siteRows(input);
  const head = control.state.head?.commit;
  return {
    fleet: read?.head.model.fleet.value.metadata.name ?? "",
    revision: head === undefined ? null : `${branch}@sha1:${head}`,
    refused: refusedHead(pass),
    sites: countSites(sites),
    regions: regionRows(input),
    apps: appRows(pass, sites),
    siteList: sites,
    releases: progress,
    waits: toldWaits(pass, input.observations),
    holds: standingHolds(control.state).map(holdRow),
    warnings: [...input.warnings, ...pass.problems],
  };
}

/** One that a commit has ended counts while something that the same commit started is open. */
function standingHolds({ holds, apps }: ControlState): readonly Hold[] {
  const open = Object.values(apps).flatMap((app) => app.open.map(({ source }) => source));
  return holds.filter(({ endedBy }) => endedBy === undefined || open.includes(endedBy));
}

function holdRow(hold: Hold): FleetStatus["holds"][number] {
  const { id, scope, release, declared, endedBy, by, why } = hold;
  const at = release === undefined ? {} : { release };
  const hasNoFile = declared === undefined || endedBy !== undefined;
  const place = hasNoFile ? {} : { declared: `${declared.file}:${declared.line}` };
  return { id, scope: targetInWords({ scope, ...at }), target: scope, ...at, ...place, by, why };
}

function siteRows({ pass, observations }: StatusInput): SiteStatus[] {
  const { read } = pass;
  if (read === null) return [];
  const sources = releaseSources(pass);
  const releaseAt = releasesAt(pass);
  return [...read.head.facts].map(([site, { region, suspend, leaves }]) => {
    const { reachable, message, kubernetesVersion } = siteLink(read, observations, site);
    const standing = standingAt(read.mirrors, site);
    const apps = [...appsAtSite(read, observations, site)].map(([app, at]) => {
      const release = standing.has(app) ? releaseAt(site, app) : null;
      const revision = release === null ? null : (sources.get(release) ?? null);
      return { app, ...at, release, revision };
    });
    const told = message === "" ? {} : { message };
    const version = kubernetesVersion === undefined ? {} : { kubernetesVersion };
    const leaving = leaves === true ? ({ leaving: true } as const) : {};
    return { site, region, reachable, suspended: suspend, ...leaving, ...version, ...told, apps };
  });
}

/** The commits of all releases that control knows, by release. */
function releaseSources({ control }: Pass): ReadonlyMap<string, string> {
  const releases = Object.values(control.state.apps).flatMap(({ current, open }) => [
    ...(current.release === null ? [] : [current.release]),
    ...current.partial.map(({ release }) => release),
    ...open,
  ]);
  return new Map(releases.map(({ id, source }) => [id, source]));
}

function isWell(health: string): boolean {
  return health === "Healthy" || health === "Suspended";
}

/** What was last heard of a site that does not answer is not how it is now. */
export function countSites(rows: readonly SiteStatus[]): FleetStatus["sites"] {
  return {
    total: rows.length,
    synced: rows.filter(({ apps }) => apps.every(({ sync }) => sync === "Synced")).length,
    healthy: rows.filter((row) => row.reachable && row.apps.every(({ health }) => isWell(health)))
      .length,
    offline: rows.filter(({ reachable }) => !reachable).length,
    suspended: rows.filter(({ suspended }) => suspended).length,
  };
}

function regionRows({ pass, observations, recovery }: StatusInput): FleetStatus["regions"] {
  if (pass.read === null) return [];
  const { model, facts: bySite } = pass.read.head;
  const facts = [...bySite.values()];
  const names = new Set([...model.regions.keys(), ...facts.map(({ region }) => region)]);
  return [...names].map((name) => {
    const found = pass.mirrors.find(({ mirror }) => mirror.name === name);
    const since = observations.silentSince(name);
    const trouble = found === undefined ? undefined : mirrorTrouble(found, recovery, since);
    const isSilent = since !== null || trouble !== undefined;
    const excused = isSilent ? own(pass.control.state.workers, name)?.excused : undefined;
    const message = trouble ?? regionMessage(observations, name);
    const word = excused === undefined ? "" : `; excused by ${excused.by}: ${excused.why}`;
    return {
      name,
      sites: facts.filter(({ region }) => region === name).length,
      worker: isSilent ? "silent" : "live",
      ...(excused === undefined ? {} : { excused: true }),
      message: message + word,
    };
  });
}

/** What is wrong with a mirror, so that its worker counts as silent; undefined: nothing. */
function mirrorTrouble(
  { mirror: { name, unreadable }, isBehindWorker }: ReadMirror,
  recovery: Recovery,
  since: number | null,
): string | undefined {
  if (unreadable !== null) return unreadableInWords(name, unreadable);
  return isBehindWorker ? recovery.messageOf(name, since) : undefined;
}

/** What is said of a region whose mirror is damaged or gone, and what ends it. */
function unreadableInWords(mirror: string, { message, code }: FleetError): string {
  return (
    `its mirror cannot be read, and nothing is handed over there: ${message} (${code}); bring it back; where it is gone for ` +
    `good, move mirrors/${mirror}.git out of the state folder and start the controller again: its worker is asked for what it had`
  );
}

function regionMessage(observations: Observations, name: string): string {
  if (observations.headOf(name) === undefined) return "its worker has not reported since the start";
  const since = observations.silentSince(name);
  if (since !== null) return silentSinceInWords(since);
  return observations.refusedOf(name);
}

function appRows({ control, read }: Pass, sites: readonly SiteStatus[]): AppStatus[] {
  const names = new Set([
    ...Object.keys(read?.head.placed ?? {}),
    ...Object.keys(control.state.apps),
  ]);
  return [...names].toSorted().map((app) => {
    const release = own(control.state.apps, app)?.current.release?.id ?? null;
    return { app, ...countApp(app, sites), release };
  });
}

/** At how many of the sites an app is, and how it is there. */
export function countApp(
  app: string,
  sites: readonly SiteStatus[],
): Pick<AppStatus, "sites" | "synced" | "healthy"> {
  const rows = sites.flatMap(({ apps, reachable }) =>
    apps.filter((row) => row.app === app).map((row) => ({ ...row, reachable })),
  );
  return {
    sites: rows.length,
    synced: rows.filter(({ sync }) => sync === "Synced").length,
    healthy: rows.filter(({ reachable, health }) => reachable && isWell(health)).length,
  };
}
