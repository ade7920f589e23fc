/**
 * What is under way and began further back in control's history than is read at a start: sites that join or move may be
 * on their way for long, such as one that is offline.
 */
import type { CommitInfo } from "../adapters/git/object-store.ts";
import type { ControlState, Wait } from "../core/rollout/planner-types.ts";
import { addEvents, isOver, type Ledger } from "./commit-ledger.ts";
import { parseEvents, type ReleaseEvent } from "./release-ledger.ts";

/** Commits that are read, of those that tell something: it is done within a pass. */
const maxCommits = 20_000;

/** What is under way now. */
export interface UnderWay {
  readonly waits: readonly Wait[];
  readonly sites: ControlState["sites"];
}

/** What joins or moves, and of which the ledger says nothing: by a name of its own. */
export function unknownWork(ledger: Ledger, { waits, sites }: UnderWay): ReadonlySet<string> {
  const joining = waits.flatMap(({ app, release, site }) =>
    release === null && site !== null ? [joinOf(app, site)] : [],
  );
  const moving = Object.entries(sites).flatMap(([site, { moving: move }]) =>
    move === undefined || move.forgotten !== undefined ? [] : [moveOf(site)],
  );
  const unknown = new Set([...joining, ...moving]);
  for (const { joiners, moves } of ledger.values()) {
    for (const { app, site } of joiners) unknown.delete(joinOf(app, site));
    for (const { site } of moves) unknown.delete(moveOf(site));
  }
  return unknown;
}

/** What the commits started that began it, from a history that is read back only as far as it takes. */
export async function olderWork(
  history: AsyncIterable<CommitInfo>,
  unknown: ReadonlySet<string>,
): Promise<Ledger> {
  const left = new Set(unknown);
  const sources = new Set<string>();
  const newestFirst: ReleaseEvent[] = [];
  let read = 0;
  for await (const { message } of history) {
    const told = parseEvents(message);
    newestFirst.push(...told.toReversed());
    for (const event of told) if (tellsOf(event, left)) sources.add(event.source);
    if (left.size === 0 || (read += 1) === maxCommits) break;
  }
  const events = newestFirst.toReversed().filter((event) => concerns(event, sources));
  const ledger = [...addEvents(new Map(), events)];
  return new Map(ledger.filter(([source, work]) => sources.has(source) && !isOver(work)));
}

type Beginning = Extract<ReleaseEvent, { event: "joins" | "moves" }>;

/** The event began some of what is looked for: that is found. */
function tellsOf(event: ReleaseEvent, left: Set<string>): event is Beginning {
  if (event.event !== "joins" && event.event !== "moves") return false;
  const names = event.sites.map((site) =>
    event.event === "joins" ? joinOf(event.app, site) : moveOf(site),
  );
  return names.filter((name) => left.delete(name)).length > 0;
}

/** It is of one of these commits, or may end what they began. */
function concerns(event: ReleaseEvent, sources: ReadonlySet<string>): boolean {
  return !("source" in event) || event.event === "moves" || sources.has(event.source);
}

function joinOf(app: string, site: string): string {
  return `${app} joins ${site}`;
}

function moveOf(site: string): string {
  return `${site} moves`;
}
