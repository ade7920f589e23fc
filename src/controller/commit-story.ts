/** What a commit's status says, from what it started and where that stands: pure. */
import type { OpenListStanding } from "../core/rollout/open-list-standing.ts";
import type { ReleaseProgress, Wait } from "../core/rollout/planner-types.ts";
import type { CommitWork, LedgerJoiner, LedgerMove, LedgerRelease } from "./commit-ledger.ts";
import { addCounts, countSites, noCounts, troublesInWords } from "./count-sites.ts";
import { shortId } from "./short-id.ts";
import type { SiteCounts } from "./release-ledger.ts";

/** A commit status, before it is fitted to a forge. */
export interface CommitStory {
  readonly state: "pending" | "success" | "failure";
  readonly description: string;
}

/** Where things stand now. */
export interface Standing {
  readonly progress: readonly ReleaseProgress[];
  readonly waits: readonly Wait[];
  /** By app. */
  readonly openLists: ReadonlyMap<string, OpenListStanding>;
}

/** What became, or becomes, of a commit that was followed. */
export function storyOf(work: CommitWork, standing: Standing): CommitStory {
  const story = startedStory(work, standing);
  if (work.refused.length === 0) return story;
  // What is refused comes first, and alone where the commit starts nothing else: a forge cuts what is long.
  const { releases, joiners, moves, relabelled } = work;
  const isNothing = releases.length + joiners.length + moves.length + relabelled === 0;
  const description = [...work.refused, ...(isNothing ? [] : [story.description])].join("; ");
  return { state: "failure", description };
}

/** What becomes of all that it started. */
function startedStory(started: CommitWork, standing: Standing): CommitStory {
  const joiners = started.joiners.map((joiner) => retriedOne(joiner, standing));
  const work = { ...started, joiners };
  const story = joinersStory(joiners, standing, updatesStory(work, standing));
  const notes = siteNotes(work);
  if (notes.length === 0) return story;
  const isMoving = work.moves.some(({ outcome }) => outcome === undefined);
  const description = `${story.description}; ${notes.join(", ")}`;
  return { state: story.state === "success" && isMoving ? "pending" : story.state, description };
}

/** One that failed and goes again is on its way. */
function retriedOne(joiner: LedgerJoiner, { openLists }: Standing): LedgerJoiner {
  const { app, site, outcome } = joiner;
  const isAgain = outcome === "failed" && openLists.get(app)?.handed.has(site) === true;
  return isAgain ? { app, site } : joiner;
}

/** With a site of its own among what failed beyond the open list's budget, it is a failure as long as that stands. */
function joinersStory(
  joiners: readonly LedgerJoiner[],
  { openLists }: Standing,
  story: CommitStory,
): CommitStory {
  const isOver = joiners.some(
    ({ app, site, outcome }) =>
      outcome === "failed" && openLists.get(app)?.failed.has(site) === true,
  );
  if (!isOver || story.state === "failure") return story;
  const description = `${story.description}, over the failure budget of the open list`;
  return { state: "failure", description };
}

/** What happens to sites beside what they run: `1 of 2 sites has moved from east to west`. */
function siteNotes({ moves, relabelled }: CommitWork): string[] {
  const ways = new Map<string, LedgerMove[]>();
  for (const move of moves) {
    const way = `${move.from} to ${move.to}`;
    ways.set(way, [...(ways.get(way) ?? []), move]);
  }
  const moved = [...ways].map(([way, all]) => {
    const there = all.filter(({ outcome }) => outcome === "arrived").length;
    const [only] = all;
    const who = all.length === 1 ? (only?.site ?? "") : `${all.length} sites`;
    if (there === all.length) return `${who} moved from ${way}`;
    return all.length === 1 ? `${who} moves from ${way}` : `${who} move from ${way}, ${there} did`;
  });
  const labels = `other labels at ${relabelled} site${relabelled === 1 ? "" : "s"}`;
  return relabelled === 0 ? moved : [...moved, labels];
}

/** What becomes of its releases, of sites that join, and of those that were to move and then went elsewhere. */
function updatesStory(work: CommitWork, standing: Standing): CommitStory {
  const { releases, joiners, moves } = work;
  const isOpen = [...releases, ...joiners].some(({ outcome }) => outcome === undefined);
  if (isOpen) return openStory(work, standing);
  const replaced = [
    ...releases
      .filter(({ outcome }) => outcome !== "done")
      .map(({ app, outcome, by }) => ({ name: app, outcome, by })),
    ...[
      ...joiners.map(({ app, outcome, by }) => ({ name: app, outcome, by })),
      ...moves.map(({ site, outcome, by }) => ({ name: site, outcome, by })),
    ].filter(({ outcome }) => outcome === "gone"),
  ];
  if (replaced.length > 0) return replacedStory(replaced);
  const isNothing = releases.length + joiners.length === 0;
  const description = isNothing ? "no app changes at any site" : storyText(work, standing);
  return { state: "success", description };
}

interface Replaced {
  readonly name: string;
  readonly outcome: string | undefined;
  readonly by: string | undefined;
}

function replacedStory(replaced: readonly Replaced[]): CommitStory {
  const names = [...new Set(replaced.map(({ name }) => name))].toSorted().join(", ");
  if (replaced.every(({ outcome }) => outcome === "stopped")) {
    return { state: "failure", description: `an operator rolled it back: ${names}` };
  }
  const by = replaced[0]?.by === undefined ? "" : ` by ${shortId(replaced[0].by)}`;
  return { state: "failure", description: `superseded${by} before it was through: ${names}` };
}

function openStory(work: CommitWork, standing: Standing): CommitStory {
  const open = work.releases.filter(({ outcome }) => outcome === undefined);
  const progress = standing.progress.filter((each) => open.some((one) => isSame(one, each)));
  const failed = progress.find(({ state }) => state === "failed");
  const shown = failed ?? progress[0];
  const isHeld = progress.some(({ state }) => state === "held");
  const isUrgent = progress.some(({ urgent }) => urgent !== undefined);
  const notes = [
    ...(isUrgent ? ["urgent"] : []),
    ...(failed === undefined ? (isHeld ? ["held"] : []) : failedNotes(failed)),
  ];
  const stage = shown === undefined ? "" : stageText(shown, progress.length > 1);
  return {
    state: failed === undefined ? "pending" : "failure",
    description: storyText(work, standing, { stage, notes }),
  };
}

/** Sites that went back count as failed; how many of them did is told beside. */
function failedNotes({ stages }: ReleaseProgress): string[] {
  const back = stages.reduce((sum, { rolledBack }) => sum + rolledBack, 0);
  const isOver = stages.some(({ failed, failureBudget }) => failed > failureBudget);
  return [
    ...(isOver ? ["over its failure budget"] : []),
    ...(back > 0 ? [`${back} rolled back`] : []),
  ];
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

/** `9 of 12 sites, stage 2 of 3; 2 offline, 1 failed`. With several apps, each app at each site counts. */
function storyText(
  { releases, joiners }: CommitWork,
  standing: Standing,
  { stage, notes }: { stage: string; notes: readonly string[] } = { stage: "", notes: [] },
): string {
  const apps = new Set([...releases, ...joiners].map(({ app }) => app));
  const joined = releases.length === 0 ? joinedSites(joiners) : joiners;
  const unit = apps.size === 1 || releases.length === 0 ? "sites" : "app updates";
  const counts = [
    ...releases.map((entry) => releaseCounts(entry, standing)),
    ...joined.map((joiner) => joinerCounts(joiner, standing)),
  ].reduce(addCounts, noCounts);
  const rest = troublesInWords(counts);
  const head = `${counts.done} of ${counts.sites} ${unit}${stage === "" ? "" : `, ${stage}`}`;
  const tail = [...rest, ...notes].join(", ");
  return tail === "" ? head : `${head}; ${tail}`;
}

/** Each site once: as its app that is least far. */
function joinedSites(joiners: readonly LedgerJoiner[]): LedgerJoiner[] {
  const bySite = new Map<string, LedgerJoiner>();
  const rank = ({ outcome }: LedgerJoiner): number =>
    outcome === undefined ? 2 : outcome === "arrived" ? 0 : 1;
  for (const joiner of joiners) {
    const known = bySite.get(joiner.site);
    if (known === undefined || rank(joiner) > rank(known)) bySite.set(joiner.site, joiner);
  }
  return [...bySite.values()];
}

function releaseCounts(entry: LedgerRelease, { progress }: Standing): SiteCounts {
  if (entry.outcome === "done") return entry.counts;
  if (entry.outcome !== undefined) return { ...noCounts, sites: entry.counts.sites };
  const standing = progress.find((each) => isSame(entry, each));
  return standing === undefined ? entry.counts : countSites(standing);
}

function joinerCounts({ app, site, outcome }: LedgerJoiner, { waits }: Standing): SiteCounts {
  const one = { ...noCounts, sites: 1 };
  if (outcome === "arrived") return { ...one, done: 1 };
  if (outcome === "failed") return { ...one, failed: 1 };
  const isOffline = waits.some(
    (wait) => wait.app === app && wait.site === site && wait.code === "offline",
  );
  return isOffline ? { ...one, offline: 1 } : one;
}
