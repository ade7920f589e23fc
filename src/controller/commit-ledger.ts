/** What each commit started and what became of it: pure, from the events that control's history tells. */
import { noCounts } from "./count-sites.ts";
import {
  byOperator,
  type JoinOutcome,
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

/** All that a commit started. */
export interface CommitWork {
  readonly releases: readonly LedgerRelease[];
  readonly joiners: readonly LedgerJoiner[];
}

/** Commit -> what it started. */
export type Ledger = ReadonlyMap<string, CommitWork>;

const noWork: CommitWork = { releases: [], joiners: [] };

/** The ledger with these events added, oldest first. */
export function addEvents(ledger: Ledger, events: readonly ReleaseEvent[]): Ledger {
  const next = new Map(ledger);
  for (const event of events) addEvent(next, event);
  return next;
}

function addEvent(ledger: Map<string, CommitWork>, event: ReleaseEvent): void {
  if (event.event === "joined") {
    for (const [source, work] of ledger) {
      const joiners = work.joiners.map((joiner) => settled(joiner, event));
      ledger.set(source, { ...work, joiners });
    }
    return;
  }
  if (event.source === byOperator) return;
  const known = ledger.get(event.source) ?? noWork;
  ledger.set(event.source, withEvent(known, event));
}

function withEvent(
  known: CommitWork,
  event: Exclude<ReleaseEvent, { event: "joined" }>,
): CommitWork {
  if (event.event === "followed") return known;
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
  { app, sites, outcome, by }: Extract<ReleaseEvent, { event: "joined" }>,
): LedgerJoiner {
  const isIt = joiner.outcome === undefined && joiner.app === app && sites.includes(joiner.site);
  if (!isIt) return joiner;
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
export function isOver({ releases, joiners }: CommitWork): boolean {
  return [...releases, ...joiners].every(({ outcome }) => outcome !== undefined);
}
