/** What changes of control tell of releases, of sites that get an app by the open list, and of sites that move. */
import { controlPaths } from "../core/rollout/control-files.ts";
import { own } from "../core/rollout/own.ts";
import type { ControlChange, ControlState, ReleaseEnd } from "../core/rollout/planner-types.ts";
import type { Arrivals, FollowedHead, Release } from "../core/rollout/records.ts";
import type { SiteAssignment } from "../core/rollout/site-assignment.ts";
import { byOperator, type ReleaseEvent, type SiteCounts } from "./release-ledger.ts";

/** How a release ends, in counts; undefined where that is not known. */
export type CountsOf = (app: string, release: string) => SiteCounts | undefined;

const openPath = /^apps\/(?<app>[^/]+)\/open\/(?<release>[^/]+)\.json$/;
const sitePath = /^sites\/(?<site>[^/]+)\.json$/;
const arrivalsPath = /^apps\/(?<app>[^/]+)\/arrivals\.json$/;

/** The release whose record lies at a path of control; undefined for any other path. */
export function openReleaseOf(path: string): { app: string; release: string } | undefined {
  const { app, release } = openPath.exec(path)?.groups ?? {};
  return app === undefined || release === undefined ? undefined : { app, release };
}

/** What a control commit with these changes, on top of `before`, starts and ends. */
export function releaseEvents(
  before: ControlState,
  changes: readonly ControlChange[],
  countsOf: CountsOf = () => undefined,
): ReleaseEvent[] {
  const context = {
    before,
    changes,
    follows: changes.some(({ path }) => path === controlPaths.head),
  };
  const events = changes.flatMap((change) => eventsOf(change, context));
  return events.map((event) => withCounts(event, countsOf));
}

interface Changing {
  readonly before: ControlState;
  readonly changes: readonly ControlChange[];
  /** A new head begins to be followed by them. */
  readonly follows: boolean;
}

function eventsOf(change: ControlChange, context: Changing): ReleaseEvent[] {
  const { path, record, end } = change;
  if (path === controlPaths.head && record !== null) {
    return [{ event: "followed", source: (record as FollowedHead).commit }]; // what lies there
  }
  const { site } = sitePath.exec(path)?.groups ?? {};
  if (site !== undefined) return movedBy(context.before, site, record as SiteAssignment | null); // as above
  const { app } = arrivalsPath.exec(path)?.groups ?? {};
  if (app !== undefined) return joinedBy(app, change, context);
  const at = openReleaseOf(path);
  return at === undefined ? [] : changeOf({ ...at, record, end }, context);
}

function withCounts(event: ReleaseEvent, countsOf: CountsOf): ReleaseEvent {
  if (event.event !== "ended" || event.outcome !== "done") return event;
  const counts = countsOf(event.app, event.release);
  return counts === undefined ? event : { ...event, counts };
}

/** Sites that are not on their way any more; what a new head takes out of the open list it tells of itself. */
function joinedBy(
  app: string,
  { record, joined = {} }: ControlChange,
  { follows }: Changing,
): ReleaseEvent[] {
  if (follows) return [];
  const { handed } = (record as Arrivals | null) ?? { handed: {} }; // what lies there
  const over = Object.keys(joined).filter((site) => own(handed, site) === undefined);
  return (["arrived", "failed", "gone"] as const).flatMap((outcome): ReleaseEvent[] => {
    const sites = over.filter((site) => joined[site] === outcome);
    return sites.length === 0 ? [] : [{ event: "joined", app, outcome, sites }];
  });
}

/** The end of a site's move: it is where it was to go, or it is no longer to go there. */
function movedBy(
  { sites }: ControlState,
  site: string,
  record: SiteAssignment | null,
): ReleaseEvent[] {
  const before = own(sites, site)?.moving;
  if (before === undefined || before.forgotten !== undefined) return [];
  if (record === null || record.moving?.forgotten !== undefined)
    return [{ event: "moved", outcome: "gone", site }];
  return record.moving === undefined ? [{ event: "moved", outcome: "arrived", site }] : [];
}

function changeOf(
  { app, release, record, end }: { app: string; release: string } & ReleaseChange,
  { before, changes }: Changing,
): ReleaseEvent[] {
  const known = own(before.apps, app)?.open.find(({ id }) => id === release);
  if (record === null) return known === undefined ? [] : [endOf(known, end, changes)];
  return known === undefined ? [startOf(record as Release)] : []; // what lies under open/
}

interface ReleaseChange {
  readonly record: object | null;
  readonly end: ReleaseEnd | undefined;
}

/** That the release has begun. */
export function startOf(release: Release): ReleaseEvent {
  const { app, id, list } = release;
  const source = startedBy(release);
  return { event: "started", app, release: id, source, sites: Object.keys(list).length };
}

function startedBy({ source, backTo }: Release): string {
  return backTo === undefined ? source : byOperator;
}

function endOf(
  ended: Release,
  end: ReleaseEnd | undefined,
  changes: readonly ControlChange[],
): ReleaseEvent {
  const base = {
    event: "ended",
    app: ended.app,
    release: ended.id,
    source: startedBy(ended),
  } as const;
  if (end?.through === true) return { ...base, outcome: "done" };
  const successor = successorOf(ended, changes);
  if (ended.kind === "app" && successor?.backTo !== undefined)
    return { ...base, outcome: "stopped" };
  const by = endedBy(end) ?? sourceOf(successor) ?? headOf(changes);
  return { ...base, outcome: "superseded", ...(by === undefined ? {} : { by }) };
}

function endedBy(end: ReleaseEnd | undefined): string | undefined {
  return end?.through === false ? end.by : undefined;
}

function sourceOf(release: Release | undefined): string | undefined {
  return release?.backTo === undefined ? release?.source : undefined;
}

function successorOf(ended: Release, changes: readonly ControlChange[]): Release | undefined {
  return changes
    .filter(({ path, record }) => record !== null && openPath.test(path))
    .map(({ record }) => record as Release) // as above
    .find(({ app, kind, id }) => app === ended.app && kind !== "site" && id !== ended.id);
}

function headOf(changes: readonly ControlChange[]): string | undefined {
  const found = changes.find(({ path }) => path === controlPaths.head);
  return (found?.record as FollowedHead | null | undefined)?.commit; // what lies there
}
