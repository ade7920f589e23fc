/** Says for every site of an open stage that is not through why it waits, who uses the budget up, and what ends it. */
import type { Block } from "./block.ts";
import { type Board, isoTime, wakeLater } from "./board.ts";
import type { UntrueCheck } from "./checks/ask-checks.ts";
import { blockOf } from "./checks/check-blocks.ts";
import { own } from "./own.ts";
import type { ObservedApp, Wait, WaitCode } from "./planner-types.ts";
import type { Release } from "./records.ts";
import type { SiteState } from "./site-state.ts";
import { isToGoBack } from "./rollback/stop-failed.ts";
import { orForgotten, siteBlock } from "./site-blocks.ts";
import { standingTree } from "./site-view.ts";
import type { Blocked, FullBudget, StageRun, StageShare } from "./stage-run.ts";
import { type Part, releasesOf, type UnitSite } from "./units.ts";
import { countOf, healthInWords, readyInWords, someOf } from "./words.ts";

/** One wait for every site of the stage that is waiting, in flight, failed or excused. */
export function reportSites(run: StageRun, blocked: Blocked): void {
  const words = new Map<string, Block>();
  for (const site of run.sites) {
    const block = blocked.get(site);
    if (block === undefined) reportStanding(run, site);
    else addWaits(run, site, "full" in block ? budgetWords(run, words, block) : block);
  }
}

/** A wait of the whole stage, for every release that moves in it. */
export function reportStage(run: StageRun, block: Block): void {
  for (const release of releasesOf(run.board, run.unit)) {
    run.board.waits.push(waitOf(release, { stage: run.stage.name, site: null, block }));
  }
}

function addWaits({ board, stage }: StageRun, { site, parts }: UnitSite, block: Block): void {
  for (const { release } of parts) {
    board.waits.push(waitOf(release, { stage: stage.name, site, block }));
  }
}

/** A wait as the plan tells it. */
export function waitOf(
  release: Pick<Release, "app" | "id">,
  { stage, site, block }: { stage: string | null; site: string | null; block: Block },
): Wait {
  return { app: release.app, release: release.id, stage, site, ...block };
}

function budgetWords(run: StageRun, words: Map<string, Block>, of: FullBudget): Block {
  const key = `${of.full} ${of.share === null ? "" : run.shares.indexOf(of.share)}`;
  const known = words.get(key) ?? wordsOf(run, of);
  words.set(key, known);
  return known;
}

function wordsOf(run: StageRun, { full: code, share }: FullBudget): Block {
  const { board } = run;
  if (share === null) return fleetWords(board);
  if (code === "failure-budget") return failureWords(run, share);
  const { stage, inFlight, unavailable } = share;
  const [name, most, users] =
    code === "unavailable-budget"
      ? (["maxUnavailable", stage.maxUnavailable, unavailable] as const)
      : (["maxInFlight", stage.maxInFlight, inFlight] as const);
  return budget(code, { name, most, users, stage: shareInWords(run, share) });
}

/** The stage, and whose it is where several move in it. */
function shareInWords({ shares }: StageRun, { app, stage }: StageShare): string {
  const others = new Set(shares.map((share) => share.app));
  others.delete(app);
  const name = `stage ${stage.name}`;
  if (others.size === 0) return name;
  return `${name} of ${app}, which moves together with ${[...others].join(", ")},`;
}

/** `3 of 2 sites may fail ...`: the block of a stage that has lost too much. */
export function failureWords(run: StageRun, share: StageShare): Block {
  const { stage, failed, app } = share;
  const releases = releasesOf(run.board, run.unit).filter((release) => release.app === app);
  return {
    code: "failure-budget",
    reason: `${countOf(failed.size, "site")} of ${shareInWords(run, share)} failed (${someOf(failed)}); its failureBudget is ${stage.failureBudget}`,
    endsWhen: `an operator retries or excuses what failed, or ${commitEnd(releases)}`,
  };
}

/** The block of a used-up number of sites; 0 never ends by itself. */
export function budget(
  code: WaitCode,
  {
    name,
    most,
    users,
    stage,
    userAt = (site) => site,
  }: {
    name: string;
    most: number;
    users: ReadonlySetLike<string>;
    stage: string;
    userAt?: (site: string) => string;
  },
): Block {
  if (most === 0) {
    return {
      code,
      reason: `${name} of ${stage} is 0: none, ever`,
      endsWhen: "a later commit allows more",
    };
  }
  return {
    code,
    reason: `${name} of ${stage} is ${most}, used by ${someOf(users, 3, userAt)}`,
    endsWhen:
      code === "unavailable-budget" ? "one of them is healthy and settled" : "one of them settles",
  };
}

/** The block of `Fleet.maxSitesInFlight`: other apps may have its slots, so each site is told with what moves there. */
export function fleetWords({ input, sitesInFlight }: Board): Block {
  const most = input.budgets.maxSitesInFlight ?? 0;
  const userAt = (site: string): string => `${someOf(sitesInFlight.get(site) ?? [], 1)} at ${site}`;
  const of = { users: sitesInFlight, stage: "the fleet", userAt };
  return budget("fleet-budget", { name: "maxSitesInFlight", most, ...of });
}

function reportStanding(run: StageRun, site: UnitSite): void {
  for (const part of site.parts) {
    const block = standingBlock(run, part, site);
    if (block === null) continue;
    run.board.waits.push(waitOf(part.release, { stage: run.stage.name, site: site.site, block }));
  }
}

function standingBlock(run: StageRun, part: Part, { site }: UnitSite): Block | null {
  const { state, view, release } = part;
  if (run.handedNow.has(site)) {
    return { code: "progressing", reason: "handed over now", endsWhen: readyWords(release) };
  }
  if (state.kind === "in-flight") return siteBlock(view, "wait") ?? inFlightBlock(run, part, state);
  if (state.kind === "excused") return excusedBlock(part);
  if (state.kind !== "failed" || isToGoBack(release, site)) return null;
  const hasLeft = Object.hasOwn(release.left ?? {}, site);
  return {
    code: "failed",
    reason: hasLeft ? `${state.cause}, but has since` : state.cause,
    endsWhen: `an operator retries or excuses it, or ${commitEnd([release])}${orForgotten(view)}`,
  };
}

/** What a commit does that ends a failure. */
function commitEnd(releases: readonly Release[]): string {
  return releases.every(({ kind }) => kind === "removal")
    ? "a commit brings the app back there"
    : "a newer commit replaces the release";
}

function inFlightBlock(
  { board }: StageRun,
  { entry, view: { observed }, release }: Part,
  { until, check }: Extract<SiteState, { kind: "in-flight" }>,
): Block {
  // That it has been healthy long enough is seen by its worker, whose report wakes the controller.
  if (until !== null) wakeLater(board, until);
  if (check !== undefined) return afterBlock(board, check, until);
  const deadline = until === null ? "" : `, or its deadline ${isoTime(until)}`;
  const unknownBlocks = entry.to !== null && release.unknownBlocks;
  return {
    code: "progressing",
    reason: `in flight: ${healthInWords(observed, unknownBlocks)}`,
    endsWhen: `${readyWords(release, observed)}${deadline}`,
  };
}

/** Healthy, and a check says that it is not done. */
function afterBlock(board: Board, check: UntrueCheck, until: number | null): Block {
  const block = blockOf(board, check);
  const deadline = until === null ? "" : `, or its deadline ${isoTime(until)}`;
  return { ...block, reason: `in flight: ${block.reason}`, endsWhen: block.endsWhen + deadline };
}

function readyWords(release: Release, observed?: ObservedApp): string {
  return release.kind === "removal"
    ? "its worker reports that the app has left"
    : readyInWords(observed, release);
}

/** Why a site that is excused does not get the release with its stage; null: it has it, or is not asked about. */
export function excusedBlock({ entry, state, view, release }: Part): Block | null {
  const hasIt =
    entry.to === null ? view.entry === undefined : standingTree(view.entry) === entry.to;
  if (state.kind !== "excused" || hasIt) return null;
  if (["offline", "suspended", "region"].includes(state.because)) {
    const block = siteBlock(view);
    return block && { ...block, reason: `${block.reason}: excused, it catches up later` };
  }
  const excused = own(release.excused, view.site);
  if (excused === undefined) return null;
  const { at, by, why, with: other } = excused;
  const tied =
    other === undefined ? "" : ` (from ${other}, which moves together with ${release.id})`;
  return {
    code: "excused",
    reason: `excused by ${by} at ${at}${tied}: ${why}; it catches up later`,
    endsWhen: "the stage has passed",
  };
}
