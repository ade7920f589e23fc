/**
 * How an app is at a site, for status and explain: what its worker said, held against what the site is due: the tree
 * that an open release handed over, else the one of the release it is entitled to. Pure.
 */
import type { AppTimes, SiteStatus } from "../core/protocol/api.ts";
import { entitlements } from "../core/rollout/entitled-release.ts";
import type { AppReport } from "../core/protocol/worker-report.ts";
import { own } from "../core/rollout/own.ts";
import type { ControlState, MirrorEntry } from "../core/rollout/planner-types.ts";
import type { Release } from "../core/rollout/records.ts";
import { countOf } from "../core/rollout/words.ts";
import type { TreeId } from "../core/render/rendered.ts";
import type { AppMoments } from "./app-times.ts";
import type { Observations } from "./observations.ts";
import type { ReadMirror, ReadState } from "./planner-input.ts";
import type { Pass } from "./reconcile.ts";
import { onTheWay } from "./site-on-the-way.ts";

export type AppAtSite = AppTimes & Pick<SiteStatus["apps"][number], "sync" | "health" | "message">;

/** The mirror that serves a site, and whether what it says counts. */
export interface SiteLink {
  readonly mirror: string;
  readonly isSilent: boolean;
  /** False when its worker is silent too. */
  readonly reachable: boolean;
  /** What its worker last said of all of it; "" where nothing is wrong. */
  readonly message: string;
  /** As it was last heard. */
  readonly kubernetesVersion: string | undefined;
}

export function siteLink(read: ReadState, observations: Observations, site: string): SiteLink {
  const declared = read.head.facts.get(site)?.region ?? "";
  const mirror = own(read.control.state.sites, site)?.mirror ?? declared;
  const isSilent = observations.silentSince(mirror) !== null;
  const {
    reachable = false,
    message = "",
    kubernetesVersion,
  } = observations.siteReport(mirror, site) ?? {};
  return { mirror, isSilent, reachable: !isSilent && reachable, message, kubernetesVersion };
}

/** Every app that stands at the site, goes along while it moves, or that the followed head places there. */
export function appsAtSite(
  read: ReadState,
  observations: Observations,
  site: string,
): ReadonlyMap<string, AppAtSite> {
  const link = siteLink(read, observations, site);
  const standing = standingAt(read.mirrors, site);
  const { apps, lacking } = read.head;
  const placed = [...apps].filter(([, { sites }]) => sites.has(site));
  const unrendered = [...(lacking?.apps ?? [])].filter(([, sites]) => sites.has(site));
  const away = onTheWay(read.control.state, site, read.head.facts);
  const names = new Set([
    ...standing.keys(),
    ...Object.keys(away?.trees ?? {}),
    ...[...placed, ...unrendered].map(([app]) => app),
  ]);
  return new Map(
    [...names].toSorted().map((app) => {
      const report = observations.appReport(link.mirror, site, app);
      const goes = own(away?.trees, app) === undefined ? undefined : away?.words;
      const moments = observations.appMoments(link.mirror, site, app);
      const entry = standing.get(app);
      const due = dueTree(read, { site, app, entry });
      const from = backFrom(read.control.state, { site, app, entry });
      return [app, judge({ entry, goes, report, moments, link, due, from })];
    }),
  );
}

/** The apps that stand at a site, in whichever mirror it stands. */
export function standingAt(
  mirrors: readonly ReadMirror[],
  site: string,
): ReadonlyMap<string, MirrorEntry> {
  return new Map(mirrors.flatMap(({ snapshot }) => [...(snapshot.sites.get(site)?.apps ?? [])]));
}

/**
 * Names the release whose tree stands at a site: the one that its mirror names; else the one that the site is entitled to,
 * and where it was set back to that one's tree. The mirror goes on naming what was handed over last.
 */
export function releasesAt({
  mirrors,
  control: { state },
  read,
}: Pick<Pass, "mirrors" | "control" | "read">): (site: string, app: string) => string | null {
  const lookups = new Map<string, ReturnType<typeof entitlements>>();
  const entitledTo = (site: string, app: string): string | null => {
    const known = own(state.apps, app);
    if (known === undefined) return null;
    const lookup = lookups.get(app) ?? entitlements(known);
    lookups.set(app, lookup);
    const labels = read?.head.model.sites.get(site)?.value.metadata.labels ?? {};
    return lookup(site, labels)?.id ?? null;
  };
  return (site, app) => {
    for (const { snapshot } of mirrors) {
      const standing = snapshot.sites.get(site);
      const release = own(standing?.meta?.apps, app)?.release ?? null;
      if (release === null) continue;
      const entry = standing?.apps.get(app);
      return isAsEntitled({ state, read }, { site, app, entry, release })
        ? entitledTo(site, app)
        : release;
    }
    return entitledTo(site, app);
  };
}

/** It was set back from the open release that the mirror names, or has the entitled tree, and that release is closed. */
function isAsEntitled(
  { state, read }: { readonly state: ControlState; readonly read: ReadState | null },
  { site, app, entry, release }: AtSite & { readonly release: string },
): boolean {
  if (entry === undefined || "leaving" in entry) return false;
  const open = own(state.apps, app)?.open ?? [];
  if (open.some(({ id }) => id === release))
    return backFrom(state, { site, app, entry }) === release;
  return own(own(read?.entitled, app), site) === entry.tree;
}

interface AtSite {
  readonly site: string;
  readonly app: string;
  readonly entry: MirrorEntry | undefined;
}

/** The open release that the site was set back from, to the tree that stands there; undefined: it was not. */
function backFrom({ apps }: ControlState, { site, app, entry }: AtSite): string | undefined {
  if (entry === undefined || "leaving" in entry) return undefined;
  return own(apps, app)?.open.find(({ back }) => own(back, site)?.to === entry.tree)?.id;
}

/** undefined: nothing yet. */
function dueTree(read: ReadState, at: AtSite): TreeId | undefined {
  for (const release of own(read.control.state.apps, at.app)?.open ?? []) {
    const to = handedTree(release, at);
    if (to !== undefined) return to;
  }
  return own(own(read.entitled, at.app), at.site);
}

/** What a release has brought to the site, or set it back to; undefined: nothing, or something else has moved it since. */
function handedTree(release: Release, { site, entry }: AtSite): TreeId | undefined {
  if (own(release.handed, site) === undefined) return undefined;
  const back = own(release.back, site);
  if (back === undefined) return own(release.list, site)?.to ?? undefined;
  return isOver(back, entry) ? undefined : back.to;
}

/** Something else has moved the site since it went back. */
function isOver(
  back: { readonly from: TreeId; readonly to: TreeId },
  entry: MirrorEntry | undefined,
): boolean {
  if (entry === undefined || "leaving" in entry) return false;
  return entry.tree !== back.from && entry.tree !== back.to;
}

interface Judged {
  readonly entry: MirrorEntry | undefined;
  /** It goes along with its site, which is in no mirror. */
  readonly goes: string | undefined;
  readonly report: AppReport | undefined;
  /** Wall time. */
  readonly moments: AppMoments | undefined;
  readonly link: SiteLink;
  readonly due: TreeId | undefined;
  /** The release that the site was set back from. */
  readonly from: string | undefined;
}

function judge({ entry, goes, report, moments, link, due, from }: Judged): AppAtSite {
  if (entry === undefined) return absent(goes);
  if (report === undefined) {
    return { sync: "Unknown", health: "Unknown", message: "its worker has not reported it yet" };
  }
  const { health, message } = report;
  if (!link.reachable) {
    return { sync: "Unknown", health: "Unknown", message: lastWord(link, report) };
  }
  if ("leaving" in entry) return { sync: report.left ? "Synced" : "OutOfSync", health, message };
  if (due !== undefined && due !== entry.tree) {
    return { sync: "OutOfSync", health, message: "has not been handed its release yet" };
  }
  const words = { health, message: withBack(from, withUnverified(report)) };
  if (report.tree !== entry.tree) return { sync: "OutOfSync", ...words };
  return { sync: report.sync, ...words, ...timesOf(moments) };
}

function timesOf({ appliedAt, healthySince }: Partial<AppMoments> = {}): AppTimes {
  return {
    ...(appliedAt !== undefined && { appliedAt: new Date(appliedAt).toISOString() }),
    ...(healthySince !== undefined && { healthySince: new Date(healthySince).toISOString() }),
  };
}

function absent(goes: string | undefined): AppAtSite {
  return goes === undefined
    ? { sync: "OutOfSync", health: "Missing", message: "not handed over yet" }
    : { sync: "Unknown", health: "Unknown", message: `stays as it is while the site goes ${goes}` };
}

/** Well as far as anybody can tell is less than well: how many objects say nothing is told with it. */
function withUnverified({ health, message, unverified }: AppReport): string {
  if (unverified === 0 || (health !== "Healthy" && health !== "Suspended")) return message;
  const words = `not verified: ${countOf(unverified, "object")}`;
  return message === "" ? words : `${message}; ${words}`;
}

function withBack(from: string | undefined, message: string): string {
  if (from === undefined) return message;
  return [`set back from ${from}`, message].filter((part) => part !== "").join("; ");
}

/** What was true when it was last heard may not be so any more: it is told as that, and not counted. */
export function lastWord(
  { isSilent }: Pick<SiteLink, "isSilent">,
  { health, message }: Pick<AppReport, "health" | "message">,
): string {
  const who = isSilent ? "worker silent" : "site offline";
  return `${who}; last: ${message === "" ? health : `${health}: ${message}`}`;
}
