/** The releases of an app, from the events that control's history tells: newest first. */
import type { CommitInfo } from "../adapters/git/object-store.ts";
import { isName } from "../core/model/kinds/shared.ts";
import type { PastRelease, ReleaseHistory } from "../core/protocol/api.ts";
import { own } from "../core/rollout/own.ts";
import { controllerAuthor } from "./control-commit.ts";
import type { ControlRepository } from "./control-repository.ts";
import { countsInWords } from "./count-sites.ts";
import { byOperator, parseEvents, type ReleaseEvent } from "./release-ledger.ts";
import type { World } from "./world.ts";

/** Commits of control that are read of one app. */
const maxCommits = 50_000;

type Started = Extract<ReleaseEvent, { event: "started" }>;
type Ended = Extract<ReleaseEvent, { event: "ended" }>;

/** A release with the commits of control in which it began and ended. */
export interface TracedRelease {
  readonly started: Started;
  readonly by: string;
  readonly startedAt: number;
  readonly startCommit: string;
  readonly end: {
    readonly event: Ended;
    readonly at: number;
    /** The last commit of control that has its record. */
    readonly before: string;
  } | null;
}

/**
 * The releases of the app, newest first, back to where those found are enough. Commits that tell of none of them are not
 * read. An aborted signal rejects with its reason.
 */
export async function traceReleases(
  control: Pick<ControlRepository, "history">,
  { app, signal }: { readonly app: string; readonly signal?: AbortSignal },
  areEnough: (found: readonly TracedRelease[]) => boolean,
): Promise<TracedRelease[]> {
  const found: TracedRelease[] = [];
  const ends: Ends = new Map();
  let seen = 0;
  for await (const commit of control.history({ telling: ` ${app}/`, signal })) {
    if ((seen += 1) > maxCommits) break;
    found.push(...startedIn(commit, app, ends));
    if (areEnough(found)) break;
  }
  return found;
}

type Ends = Map<string, TracedRelease["end"]>;

/** What began in a commit of control; what ended in it goes into `ends`, for the older commit in which it began. */
function startedIn(
  { oid, message, at, author, parents }: CommitInfo,
  app: string,
  ends: Ends,
): TracedRelease[] {
  const events = parseEvents(message);
  for (const event of events) {
    if (event.event !== "ended" || event.app !== app) continue;
    ends.set(event.release, { event, at, before: parents[0] ?? oid });
  }
  return events.flatMap((event): TracedRelease[] => {
    if (event.event !== "started" || event.app !== app) return [];
    const end = ends.get(event.release) ?? null;
    ends.delete(event.release);
    return [{ started: event, by: author, startedAt: at, startCommit: oid, end }];
  });
}

/** The newest releases of an app as the API tells them; undefined: nothing of such an app is on record. */
export async function historyOf(
  { control }: Pick<World, "control">,
  { app, most }: { readonly app: string; readonly most: number },
  signal: AbortSignal,
): Promise<ReleaseHistory | undefined> {
  if (!isName(app)) return undefined;
  const { state } = await control.read();
  const known = own(state.apps, app);
  const traced = await traceReleases(control, { app, signal }, (found) => found.length > most);
  if (known === undefined && traced.length === 0) return undefined;
  const current = new Set(
    [
      known?.current.release,
      ...(known?.current.partial ?? []).map(({ release }) => release),
    ].flatMap((release) => release?.id ?? []),
  );
  const releases = traced.slice(0, most).map((release) => pastRelease(release, current));
  return { app, releases, more: traced.length > most };
}

function pastRelease(
  { started, by, startedAt, end }: TracedRelease,
  current: ReadonlySet<string>,
): PastRelease {
  const { release, source, sites } = started;
  return {
    release,
    kind: kindOf(started),
    source: source === byOperator ? null : source,
    by: by === controllerAuthor ? null : by,
    startedAt: new Date(startedAt).toISOString(),
    sites,
    verdict: end?.event.outcome ?? "open",
    endedAt: end === null ? null : new Date(end.at).toISOString(),
    summary: end?.event.counts === undefined ? "" : countsInWords(end.event.counts),
    isCurrent: current.has(release),
  };
}

const prefixes = ["site", "removal", "back"] as const;

/** By its name, which says so. */
function kindOf({ app, release }: Pick<Started, "app" | "release">): PastRelease["kind"] {
  // An app may be called `site`: its own releases begin with its name.
  if (release.startsWith(`${app}-`) && !release.startsWith(`${app}-${app}-`)) return "app";
  const prefix = prefixes.find((each) => release.startsWith(`${each}-`));
  return prefix === "back" ? "rollback" : (prefix ?? "app");
}

/** The names of those that an app can go back to. */
export function releasedNames(traced: readonly TracedRelease[]): string[] {
  return [
    ...new Set(
      traced.filter((each) => isReleased(each)).map(({ started: { release } }) => release),
    ),
  ];
}

/** It was through once, and brought the app as a whole. */
export function isReleased({ started, end }: TracedRelease): boolean {
  const kind = kindOf(started);
  return end?.event.outcome === "done" && (kind === "app" || kind === "rollback");
}

/** When the next version of the app began after that one: the first commit of control that has it; null: none did. */
export function successorOf(
  traced: readonly TracedRelease[],
  release: TracedRelease,
): string | null {
  const newer = traced.slice(0, traced.indexOf(release));
  const next = newer.findLast(({ started }) => ["app", "rollback"].includes(kindOf(started)));
  return next?.startCommit ?? null;
}
