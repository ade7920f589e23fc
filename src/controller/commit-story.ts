/** What a commit's status says, from the releases that it started: pure, from the ledger and where releases stand. */
import type { ReleaseProgress, StageProgress } from "../core/rollout/planner-types.ts";
import { shortId } from "./judge-head.ts";
import type { Outcome, ReleaseEvent } from "./release-ledger.ts";

/** A release of a commit; without `outcome` it is open. */
export interface LedgerRelease {
  readonly app: string;
  readonly release: string;
  readonly sites: number;
  readonly outcome?: Outcome;
  /** Source commit of the release that replaced it. */
  readonly by?: string;
}

/** Commit -> the releases that it started. */
export type Ledger = ReadonlyMap<string, readonly LedgerRelease[]>;

/** A commit status, before it is fitted to a forge. */
export interface CommitStory {
  readonly state: "pending" | "success" | "failure";
  readonly description: string;
}

/** The ledger with these events added, oldest first. */
export function addEvents(ledger: Ledger, events: readonly ReleaseEvent[]): Ledger {
  const next = new Map(ledger);
  for (const event of events) {
    const known = next.get(event.source) ?? [];
    if (event.event === "followed") {
      next.set(event.source, known);
      continue;
    }
    const { source, app, release } = event;
    const old = known.find((each) => each.app === app && each.release === release);
    const others = known.filter((each) => each !== old);
    next.set(source, [...others, entryOf(event, old)]);
  }
  return next;
}

function entryOf(
  event: Exclude<ReleaseEvent, { event: "followed" }>,
  old: LedgerRelease | undefined,
): LedgerRelease {
  const { app, release } = event;
  if (event.event === "started") return { app, release, sites: event.sites };
  const { outcome, by } = event;
  return { app, release, sites: old?.sites ?? 0, outcome, ...(by === undefined ? {} : { by }) };
}

/** What became, or becomes, of a commit that was followed. */
export function storyOf(
  releases: readonly LedgerRelease[],
  progress: readonly ReleaseProgress[],
): CommitStory {
  if (releases.length === 0)
    return { state: "success", description: "nothing changes at any site" };
  const counts = countSites(releases, progress);
  const open = releases.filter(({ outcome }) => outcome === undefined);
  const replaced = releases.filter(({ outcome }) => outcome !== undefined && outcome !== "done");
  const tally = `${counts.done} of ${counts.total} sites`;
  if (open.length > 0) return openStory(open, progress, tally);
  if (replaced.length === 0) return { state: "success", description: tally };
  const [first] = replaced;
  const by = first?.by === undefined ? "" : ` by ${shortId(first.by)}`;
  const names = [...new Set(replaced.map(({ app }) => app))].toSorted().join(", ");
  return { state: "failure", description: `superseded${by} before it was through: ${names}` };
}

function openStory(
  open: readonly LedgerRelease[],
  progress: readonly ReleaseProgress[],
  tally: string,
): CommitStory {
  const standing = progress.filter((each) => open.some((one) => isSame(one, each)));
  const failed = standing.find(({ state }) => state === "failed");
  const shown = failed ?? standing[0];
  const parts = [tally];
  if (shown !== undefined) parts.push(stageText(shown, standing.length > 1));
  if (failed !== undefined) {
    const sites = failed.stages.reduce((sum, stage) => sum + stage.failed, 0);
    parts.push(`failed at ${sites} site${sites === 1 ? "" : "s"}`);
  } else if (standing.some(({ state }) => state === "held")) parts.push("held");
  return {
    state: failed === undefined ? "pending" : "failure",
    description: parts.filter((part) => part !== "").join(", "),
  };
}

function isSame(entry: LedgerRelease, progress: ReleaseProgress): boolean {
  return entry.app === progress.app && entry.release === progress.release.id;
}

function stageText({ app, stages }: ReleaseProgress, namesApp: boolean): string {
  const withSites = stages.filter(({ sites }) => sites > 0);
  const index = withSites.findIndex(({ passed }) => !passed);
  if (index < 0) return "";
  return `${namesApp ? `${app}: ` : ""}stage ${index + 1} of ${withSites.length}`;
}

function countSites(
  releases: readonly LedgerRelease[],
  progress: readonly ReleaseProgress[],
): { done: number; total: number } {
  const counts = { done: 0, total: 0 };
  for (const entry of releases) {
    const standing = progress.find((each) => isSame(entry, each));
    const isOpen = entry.outcome === undefined;
    const open = isOpen && standing !== undefined ? sum(standing.stages, "done") : 0;
    counts.done += entry.outcome === "done" ? entry.sites : open;
    counts.total += isOpen && standing !== undefined ? sum(standing.stages, "sites") : entry.sites;
  }
  return counts;
}

function sum(stages: readonly StageProgress[], column: "done" | "sites"): number {
  return stages.reduce((total, stage) => total + stage[column], 0);
}
