/** What each commit started and what became of it: pure, from the events that control's history tells. */
import { noCounts } from "./count-sites.ts";
import {
  byOperator,
  type JoinOutcome,
  type MoveOutcome,
  type Outcome,
  type ReleaseEvent,
  type SiteCounts,
} from "./release-ledger.ts";

/** A release of a commit; without `outcome` it is open. */
export interface LedgerRelease {
  readonly app: string;
  readonly release: string;
  /** At its start, or, when it is done, at its end. */
  readonly counts: SiteCounts;
  readonly outcome?: Outcome;
  /** Source commit of the release that replaced it. */
  readonly by?: string;
}

/** A site that a commit brings an app to by the open list; without `outcome` it has not arrived. */
export interface LedgerJoiner {
  readonly app: string;
  readonly site: string;
  readonly outcome?: JoinOutcome;
  /** The commit that made it `gone`. */
  readonly by?: string;
}

/** A site that a commit gives to another mirror; without `outcome` it is on its way. */
export interface LedgerMove {
  readonly site: string;
  readonly from: string;
  readonly to: string;
  readonly outcome?: MoveOutcome;
  /** The commit that sends it elsewhere. */
  readonly by?: string;
}

/** All that a commit started. */
export interface CommitWork {
  readonly releases: readonly LedgerRelease[];
  readonly joiners: readonly LedgerJoiner[];
  readonly moves: readonly LedgerMove[];
  /** Sites whose labels it changes. */
  readonly relabelled: number;
  /** What of it is not done, and why: a line each. */
  readonly refused: readonly string[];
}

/** Commit -> what it started. */
export type Ledger = ReadonlyMap<string, CommitWork>;

const noWork: CommitWork = { releases: [], joiners: [], moves: [], relabelled: 0, refused: [] };

/** The ledger with these events added, oldest first. */
export function addEvents(ledger: Ledger, events: readonly ReleaseEvent[]): Ledger {
  const next = new Map(ledger);
  for (const event of events) addEvent(next, event);
  return next;
}

function addEvent(ledger: Map<string, CommitWork>, event: ReleaseEvent): void {
  if (event.event === "joined") {
    return settleJoiners(ledger, event);
  }
  if (event.event === "moved") {
    const { site, outcome } = event;
    return endMoves(ledger, [site], { outcome });
  }
  if (event.source === byOperator) return;
  if (event.event === "moves") endMoves(ledger, event.sites, { outcome: "gone", by: event.source });
  const known = ledger.get(event.source) ?? noWork;
  ledger.set(event.source, withEvent(known, event));
}

type Joined = Extract<ReleaseEvent, { event: "joined" }>;

/** What failed may still arrive, such as after a retry: that of the newest commit which brought it there. */
function settleJoiners(ledger: Map<string, CommitWork>, event: Joined): void {
  const newest = new Map<string, string>();
  for (const [source, { joiners }] of ledger) {
    for (const { app, site } of joiners) if (app === event.app) newest.set(site, source);
  }
  for (const [source, work] of ledger) {
    const isNewest = ({ site }: LedgerJoiner): boolean => newest.get(site) === source;
    const joiners = work.joiners.map((joiner) => settled(joiner, event, isNewest(joiner)));
    ledger.set(source, { ...work, joiners });
  }
}

/** Sites are there, or are no longer to go where some commit sent them. */
function endMoves(
  ledger: Map<string, CommitWork>,
  sites: readonly string[],
  end: Pick<LedgerMove, "outcome" | "by">,
): void {
  const ended = new Set(sites);
  for (const [source, work] of ledger) {
    const isIt = ({ site, outcome }: LedgerMove): boolean =>
      outcome === undefined && ended.has(site);
    if (!work.moves.some(isIt)) continue;
    const moves = work.moves.map((move) => (isIt(move) ? { ...move, ...end } : move));
    ledger.set(source, { ...work, moves });
  }
}

function withEvent(
  known: CommitWork,
  event: Exclude<ReleaseEvent, { event: "joined" | "moved" }>,
): CommitWork {
  if (event.event === "followed") return known;
  if (event.event === "relabels") return { ...known, relabelled: event.sites };
  if (event.event === "refused") {
    return { ...known, refused: [...new Set([...known.refused, event.reason])] };
  }
  if (event.event === "moves") {
    const { from, to } = event;
    const moves = event.sites.map((site) => ({ site, from, to }));
    return { ...known, moves: [...known.moves, ...moves] };
  }
  const { app } = event;
  if (event.event === "joins") {
    const joiners = event.sites.map((site) => ({ app, site }));
    return { ...known, joiners: [...known.joiners, ...joiners] };
  }
  const { release } = event;
  const old = known.releases.find((each) => each.app === app && each.release === release);
  const others = known.releases.filter((each) => each !== old);
  return { ...known, releases: [...others, entryOf(event, old)] };
}

function settled(
  joiner: LedgerJoiner,
  { app, sites, outcome, by }: Joined,
  isNewest: boolean,
): LedgerJoiner {
  const arrivesLate = joiner.outcome === "failed" && outcome === "arrived" && isNewest;
  const isOpen = joiner.outcome === undefined || arrivesLate;
  if (!isOpen || joiner.app !== app || !sites.includes(joiner.site)) return joiner;
  return { ...joiner, outcome, ...(by === undefined ? {} : { by }) };
}

function entryOf(
  event: Extract<ReleaseEvent, { event: "started" | "ended" }>,
  old: LedgerRelease | undefined,
): LedgerRelease {
  const { app, release } = event;
  if (event.event === "started") {
    return { app, release, counts: { ...noCounts, sites: event.sites } };
  }
  const { outcome, by, counts = old?.counts ?? noCounts } = event;
  return { app, release, counts, outcome, ...(by === undefined ? {} : { by }) };
}

/** Everything that the commit started is over. */
export function isOver({ releases, joiners, moves }: CommitWork): boolean {
  return [...releases, ...joiners, ...moves].every(({ outcome }) => outcome !== undefined);
}
