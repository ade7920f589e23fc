/**
 * Which releases a commit started and how each ended, as trailers of control's commits. Written with the change
 * itself, so that the story of a commit can be told after any crash.
 */
import type { ControlChange, ControlState } from "../core/rollout/planner-types.ts";
import { controlPaths } from "../core/rollout/control-files.ts";
import { own } from "../core/rollout/own.ts";
import type { FollowedHead, Release } from "../core/rollout/records.ts";

/** How a release ended. */
export type Outcome = "done" | "superseded" | "stopped";

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
    };

const openPath = /^apps\/(?<app>[^/]+)\/open\/(?<release>[^/]+)\.json$/;

/** What a control commit with these changes, on top of `before`, starts and ends. */
export function releaseEvents(
  before: ControlState,
  changes: readonly ControlChange[],
): ReleaseEvent[] {
  return changes.flatMap((change): ReleaseEvent[] => {
    const { path, record } = change;
    if (path === controlPaths.head && record !== null) {
      return [{ event: "followed", source: (record as FollowedHead).commit }]; // what lies there
    }
    const { app, release = "" } = openPath.exec(path)?.groups ?? {};
    return app === undefined ? [] : changeOf(before, { app, release, record }, changes);
  });
}

function changeOf(
  before: ControlState,
  { app, release, record }: { app: string; release: string; record: object | null },
  changes: readonly ControlChange[],
): ReleaseEvent[] {
  const known = own(before.apps, app)?.open.find(({ id }) => id === release);
  if (record === null) return known === undefined ? [] : [endOf(known, changes)];
  return known === undefined ? [startOf(record as Release)] : []; // what lies under open/
}

function startOf({ app, id, source, list }: Release): ReleaseEvent {
  return { event: "started", app, release: id, source, sites: Object.keys(list).length };
}

function endOf(ended: Release, changes: readonly ControlChange[]): ReleaseEvent {
  const base = {
    event: "ended",
    app: ended.app,
    release: ended.id,
    source: ended.source,
  } as const;
  const successor = changes
    .filter(({ path, record }) => record !== null && openPath.test(path))
    .map(({ record }) => record as Release) // as above
    .find(({ app, kind, id }) => app === ended.app && kind !== "site" && id !== ended.id);
  const followed = changes.find(({ path }) => path === controlPaths.head)?.record ?? null;
  if (followed === null) return { ...base, outcome: "done" };
  const head = (followed as FollowedHead).commit; // what lies there
  return { ...base, outcome: "superseded", by: successor?.source ?? head };
}

/** The event as a trailer line. */
export function formatEvent(event: ReleaseEvent): string {
  if (event.event === "followed") return `Flotilla-Followed: ${event.source}`;
  const { app, release, source } = event;
  if (event.event === "started") {
    return `Flotilla-Started: ${app}/${release} ${source} ${event.sites}`;
  }
  return `Flotilla-Ended: ${app}/${release} ${source} ${event.outcome} ${event.by ?? "-"}`;
}

const followedLine = /^Flotilla-Followed: (?<source>\S+)$/gm;
const eventLine =
  /^Flotilla-(?<event>Started|Ended): (?<app>[^/ ]+)\/(?<release>\S+) (?<source>\S+) (?<what>\S+)(?: (?<by>\S+))?$/gm;

/** The events that a control commit's message tells. */
export function parseEvents(message: string): ReleaseEvent[] {
  const followed = [...message.matchAll(followedLine)].map(({ groups }): ReleaseEvent => ({
    event: "followed",
    source: groups?.["source"] ?? "",
  }));
  const releases = [...message.matchAll(eventLine)].flatMap(({ groups }): ReleaseEvent[] => {
    const { event, app = "", release = "", source = "", what = "", by = "-" } = groups ?? {};
    if (event === "Started") {
      return [{ event: "started", app, release, source, sites: Number(what) }];
    }
    const outcome = (["done", "superseded", "stopped"] as const).find((each) => each === what);
    if (outcome === undefined) return [];
    return [{ event: "ended", app, release, source, outcome, ...(by === "-" ? {} : { by }) }];
  });
  return [...followed, ...releases];
}
