/**
 * Which releases a commit started and how each ended, as trailers of control's commits. Written with the change
 * itself, so that the story of a commit can be told after any crash.
 */
/** How a release ended. */
export type Outcome = "done" | "superseded" | "stopped";

/** Where the sites of something stood at its end; what is in no column was not reached before it ended. */
export interface SiteCounts {
  readonly sites: number;
  readonly done: number;
  readonly offline: number;
  /** For any other reason than being offline. */
  readonly excused: number;
  readonly failed: number;
  /** Unhealthy before and after. */
  readonly unchanged: number;
}

/** What became of sites that get an app by the open list. `gone`: they are not to have it so any more. */
export type JoinOutcome = "arrived" | "failed" | "gone";

/** One line of the story. */
export type ReleaseEvent =
  | {
      /** The commit became the followed head. */
      readonly event: "followed";
      readonly source: string;
    }
  | {
      readonly event: "started";
      readonly app: string;
      readonly release: string;
      readonly source: string;
      readonly sites: number;
    }
  | {
      readonly event: "ended";
      readonly app: string;
      readonly release: string;
      readonly source: string;
      readonly outcome: Outcome;
      /** Source commit of the release that replaced it. */
      readonly by?: string;
      /** Of one that is done. */
      readonly counts?: SiteCounts;
    }
  | {
      /** A commit brings an app to sites by the open list. */
      readonly event: "joins";
      readonly app: string;
      readonly source: string;
      readonly sites: readonly string[];
    }
  | {
      readonly event: "joined";
      readonly app: string;
      readonly outcome: JoinOutcome;
      readonly sites: readonly string[];
      /** The commit that made them `gone`. */
      readonly by?: string;
    }
  | {
      /** A commit gives sites to another mirror. */
      readonly event: "moves";
      readonly source: string;
      readonly from: string;
      readonly to: string;
      readonly sites: readonly string[];
    }
  | {
      readonly event: "moved";
      readonly outcome: MoveOutcome;
      readonly site: string;
    }
  | {
      /** A commit changes labels of so many sites. */
      readonly event: "relabels";
      readonly source: string;
      readonly sites: number;
    }
  /** Something that a commit says is not done, and will not be: what and why, in one line. */
  | { readonly event: "refused"; readonly source: string; readonly reason: string };

/** What became of a site that changes its mirror. `gone`: it leaves the fleet, or goes elsewhere. */
export type MoveOutcome = "arrived" | "gone";

/** The `source` of what no commit started, but an operator. */
export const byOperator = "-";

const columns = ["sites", "done", "offline", "excused", "failed", "unchanged"] as const;

function formatCounts(counts: SiteCounts): string {
  const told = columns.filter((column) => column === "sites" || counts[column] > 0);
  return told.map((column) => `${column}=${counts[column]}`).join(" ");
}

function parseCounts(text: string): SiteCounts | undefined {
  const found = new Map([...text.matchAll(/(\w+)=(\d+)/g)].map(([, key, n]) => [key, Number(n)]));
  if (!found.has("sites")) return undefined;
  const [sites = 0, done = 0, offline = 0, excused = 0, failed = 0, unchanged = 0] = columns.map(
    (column) => found.get(column),
  );
  return { sites, done, offline, excused, failed, unchanged };
}

type Groups = Readonly<Record<string, string | undefined>>;
type Kind = ReleaseEvent["event"];

/** A trailer line of each kind: how it is written, and how it is read. */
interface Line<Event extends ReleaseEvent> {
  readonly line: RegExp;
  readonly read: (groups: Groups) => Event;
  readonly write: (event: Event) => string;
}

const listOf = (text = ""): string[] => text.split(",");
const byOf = (by = "-"): { by?: string } => (by === "-" ? {} : { by });

const lines: { readonly [K in Kind]: Line<Extract<ReleaseEvent, { event: K }>> } = {
  followed: {
    line: /^Flotilla-Followed: (?<source>\S+)$/gm,
    read: ({ source = "" }) => ({ event: "followed", source }),
    write: ({ source }) => `Flotilla-Followed: ${source}`,
  },
  started: {
    line: /^Flotilla-Started: (?<app>[^/ ]+)\/(?<release>\S+) (?<source>\S+) (?<sites>\d+)$/gm,
    read: ({ app = "", release = "", source = "", sites }) => ({
      event: "started",
      app,
      release,
      source,
      sites: Number(sites),
    }),
    write: ({ app, release, source, sites }) =>
      `Flotilla-Started: ${app}/${release} ${source} ${sites}`,
  },
  ended: {
    line: /^Flotilla-Ended: (?<app>[^/ ]+)\/(?<release>\S+) (?<source>\S+) (?<outcome>done|superseded|stopped)(?: (?<by>\S+)(?<counts>.*))?$/gm,
    read: ({ app = "", release = "", source = "", outcome, by, counts: text = "" }) => {
      const counts = parseCounts(text);
      return {
        event: "ended",
        app,
        release,
        source,
        outcome: outcome as Outcome, // as the expression says
        ...byOf(by),
        ...(counts === undefined ? {} : { counts }),
      };
    },
    write: ({ app, release, source, outcome, by = "-", counts }) => {
      const tail = counts === undefined ? "" : ` ${formatCounts(counts)}`;
      return `Flotilla-Ended: ${app}/${release} ${source} ${outcome} ${by}${tail}`;
    },
  },
  joins: {
    line: /^Flotilla-Joins: (?<app>\S+) (?<source>\S+) (?<sites>\S+)$/gm,
    read: ({ app = "", source = "", sites }) => ({
      event: "joins",
      app,
      source,
      sites: listOf(sites),
    }),
    write: ({ app, source, sites }) => `Flotilla-Joins: ${app} ${source} ${sites.join(",")}`,
  },
  joined: {
    line: /^Flotilla-Joined: (?<app>\S+) (?<outcome>arrived|failed|gone) (?<by>\S+) (?<sites>\S+)$/gm,
    read: ({ app = "", outcome, by, sites }) => ({
      event: "joined",
      app,
      outcome: outcome as JoinOutcome, // as the expression says
      sites: listOf(sites),
      ...byOf(by),
    }),
    write: ({ app, outcome, by = "-", sites }) =>
      `Flotilla-Joined: ${app} ${outcome} ${by} ${sites.join(",")}`,
  },
  moves: {
    line: /^Flotilla-Moves: (?<source>\S+) (?<from>\S+) (?<to>\S+) (?<sites>\S+)$/gm,
    read: ({ source = "", from = "", to = "", sites }) => ({
      event: "moves",
      source,
      from,
      to,
      sites: listOf(sites),
    }),
    write: ({ source, from, to, sites }) =>
      `Flotilla-Moves: ${source} ${from} ${to} ${sites.join(",")}`,
  },
  moved: {
    line: /^Flotilla-Moved: (?<outcome>arrived|gone) (?<site>\S+)$/gm,
    read: ({ outcome, site = "" }) => ({
      event: "moved",
      outcome: outcome as MoveOutcome, // as the expression says
      site,
    }),
    write: ({ outcome, site }) => `Flotilla-Moved: ${outcome} ${site}`,
  },
  relabels: {
    line: /^Flotilla-Relabels: (?<source>\S+) (?<sites>\d+)$/gm,
    read: ({ source = "", sites }) => ({ event: "relabels", source, sites: Number(sites) }),
    write: ({ source, sites }) => `Flotilla-Relabels: ${source} ${sites}`,
  },
  refused: {
    line: /^Flotilla-Refused: (?<source>\S+) (?<reason>.+)$/gm,
    read: ({ source = "", reason = "" }) => ({ event: "refused", source, reason }),
    write: ({ source, reason }) =>
      `Flotilla-Refused: ${source} ${reason.replaceAll(/\s+/g, " ").trim()}`,
  },
};

/** How each of their lines begins. */
export const eventMark = "Flotilla-";

/** The event as a trailer line. */
export function formatEvent(event: ReleaseEvent): string {
  const { write } = lines[event.event] as Line<ReleaseEvent>; // that of its own kind
  return write(event);
}

/** The events that a control commit's message tells, by kind. */
export function parseEvents(message: string): ReleaseEvent[] {
  return Object.values(lines).flatMap(({ line, read }) =>
    [...message.matchAll(line)].map(({ groups }) => read(groups ?? {})),
  );
}
