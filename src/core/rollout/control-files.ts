/**
 * `control` as files. In: the text of every file; out: the state, or the first file that cannot be read. A damaged or
 * misplaced record is an error: it never reads as absent.
 */
import { Type } from "typebox";
import { FleetError } from "../errors.ts";
import { type DataCheck, dataCheck } from "../model/data-check.ts";
import { canonicalJson, type Json } from "../model/json.ts";
import { own } from "./own.ts";
import type { AppControl, ControlChange, ControlState } from "./planner-types.ts";
import {
  Arrivals,
  BadReleases,
  CarriedDecision,
  CurrentReleases,
  FollowedHead,
  Hold,
  Release,
  WorkerSilences,
} from "./records.ts";
import { SiteAssignment } from "./site-assignment.ts";

const closed = { additionalProperties: false } as const;

/** `epoch.json`. */
const EpochRecord = Type.Object({ epoch: Type.Integer({ minimum: 0 }) }, closed);
/** `accepted.json`: a head that an operator lets the fleet follow though it does not descend from the last one. */
export const AcceptedHead = Type.Object(
  { commit: Type.String(), by: Type.String(), at: Type.String(), why: Type.String() },
  closed,
);
/** `recovered.json`: heads of mirrors that an operator confirmed as they are, after control had been lost. */
export const Recovery = Type.Object(
  {
    mirrors: Type.Record(Type.String(), Type.String()),
    by: Type.String(),
    at: Type.String(),
    why: Type.String(),
  },
  closed,
);

const checks = {
  head: dataCheck(FollowedHead),
  epoch: dataCheck(EpochRecord),
  accepted: dataCheck(AcceptedHead),
  recovery: dataCheck(Recovery),
  current: dataCheck(CurrentReleases),
  bad: dataCheck(BadReleases),
  arrivals: dataCheck(Arrivals),
  release: dataCheck(Release),
  hold: dataCheck(Hold),
  site: dataCheck(SiteAssignment),
  worker: dataCheck(WorkerSilences),
  decision: dataCheck(CarriedDecision),
} as const;

/** Paths of the records. */
export const controlPaths = {
  head: "head.json",
  epoch: "epoch.json",
  accepted: "accepted.json",
  recovered: "recovered.json",
  current: (app: string) => `apps/${app}/current.json`,
  bad: (app: string) => `apps/${app}/bad.json`,
  arrivals: (app: string) => `apps/${app}/arrivals.json`,
  open: (app: string, release: string) => `apps/${app}/open/${release}.json`,
  hold: (id: string) => `holds/${id}.json`,
  decision: (name: string) => `decisions/${name}.json`,
  site: (site: string) => `sites/${site}.json`,
  worker: (mirror: string) => `workers/${mirror}.json`,
} as const;

export type ParsedControl =
  | { readonly ok: true; readonly value: ControlState }
  | { readonly ok: false; readonly error: FleetError };

/** Records that were read before, by path: one whose text is the same is not parsed and checked again. */
export type ReadRecords = Map<string, { readonly text: string; readonly record: unknown }>;

/**
 * Reads all files of control. No files: the state of a fleet that has never been released to. What `known` has is taken
 * from there, and afterwards it has what was read: a change costs the reading of what changed.
 */
export function parseControl(
  files: ReadonlyMap<string, string>,
  known: ReadRecords = new Map(),
): ParsedControl {
  for (const path of known.keys()) if (!files.has(path)) known.delete(path);
  const draft = emptyDraft(known);
  try {
    for (const path of [...files.keys()].toSorted()) {
      takeFile(draft, path, files.get(path) ?? "");
    }
  } catch (error) {
    if (error instanceof FleetError) return { ok: false, error };
    throw error;
  }
  const apps: Record<string, AppControl> = {};
  for (const [app, record] of draft.apps) apps[app] = { ...record };
  return {
    ok: true,
    value: {
      head: draft.head,
      epoch: draft.epoch,
      apps,
      holds: draft.holds,
      sites: draft.sites,
      workers: draft.workers,
      ...(Object.keys(draft.decisions).length === 0 ? {} : { decisions: draft.decisions }),
    },
  };
}

/** A change as a file: its path and canonical text; text null: the file goes. */
export function controlFile(change: ControlChange): { path: string; text: string | null } {
  const { path, record } = change;
  // records are plain JSON data
  return { path, text: record === null ? null : `${canonicalJson(record as Json)}\n` };
}

/**
 * Changes as files, and their records as they are read back beside what there is: one that nobody could read would stop
 * everything for good. Throws STATE_CORRUPT. Costs the reading of what changes.
 */
export function readableFiles(
  state: ControlState,
  changes: readonly ControlChange[],
): { readonly files: ReturnType<typeof controlFile>[]; readonly records: ReadRecords } {
  const files = changes.map(controlFile);
  const changed = new Set(files.map(({ path }) => path));
  const draft = emptyDraft(new Map());
  for (const { path, text } of files) {
    const [folder, app = ""] = path.split("/");
    if (folder === "apps" && !draft.apps.has(app))
      draft.apps.set(app, othersOf(state, app, changed));
    if (text !== null) takeFile(draft, path, text);
  }
  return { files, records: draft.known };
}

/** What there is of an app beside what changes. */
function othersOf({ apps }: ControlState, app: string, changed: ReadonlySet<string>): AppDraft {
  const open = (own(apps, app)?.open ?? []).filter(
    ({ id }) => !changed.has(controlPaths.open(app, id)),
  );
  return { current: { release: null, partial: [] }, open, bad: [] };
}

interface AppDraft {
  current: CurrentReleases;
  open: Release[];
  bad: string[];
  badTrees?: NonNullable<BadReleases["trees"]>;
  arrivals?: Arrivals;
}

interface Draft {
  readonly known: ReadRecords;
  head: FollowedHead | null;
  epoch: number;
  readonly apps: Map<string, AppDraft>;
  readonly holds: Hold[];
  readonly sites: Record<string, SiteAssignment>;
  readonly workers: Record<string, WorkerSilences>;
  readonly decisions: Record<string, CarriedDecision>;
}

function emptyDraft(known: ReadRecords): Draft {
  const empty = { apps: new Map(), holds: [], sites: {}, workers: {}, decisions: {} };
  return { known, head: null, epoch: 0, ...empty };
}

function takeFile(draft: Draft, path: string, text: string): void {
  const [folder = "", name = "", ...rest] = path.split("/");
  if (name === "") takeRootFile(draft, path, text);
  else if (folder === "apps") takeAppFile(draft, { app: name, rest, path, text });
  else if (rest.length === 0 && name.endsWith(".json")) takeNamedFile(draft, path, text);
  else throw unknownFile(path);
}

function takeRootFile(draft: Draft, path: string, text: string): void {
  switch (path) {
    case controlPaths.head:
      draft.head = readRecord(draft, checks.head, { path, text });
      return;
    case controlPaths.epoch:
      draft.epoch = readRecord(draft, checks.epoch, { path, text }).epoch;
      return;
    case controlPaths.accepted:
      readRecord(draft, checks.accepted, { path, text });
      return;
    case controlPaths.recovered:
      readRecord(draft, checks.recovery, { path, text });
      return;
    default:
      throw unknownFile(path);
  }
}

function takeNamedFile(draft: Draft, path: string, text: string): void {
  const [folder = "", file = ""] = path.split("/");
  const name = file.slice(0, -".json".length);
  if (folder === "sites") draft.sites[name] = readRecord(draft, checks.site, { path, text });
  else if (folder === "workers")
    draft.workers[name] = readRecord(draft, checks.worker, { path, text });
  else if (folder === "decisions")
    draft.decisions[name] = readRecord(draft, checks.decision, { path, text });
  else if (folder === "holds") draft.holds.push(holdOf(draft, name, { path, text }));
  else throw unknownFile(path);
}

interface RecordFile {
  readonly path: string;
  readonly text: string;
}

function holdOf(draft: Draft, name: string, file: RecordFile): Hold {
  const hold = readRecord(draft, checks.hold, file);
  if (hold.id !== name) throw corrupt(file.path, `it says that it is ${hold.id}`);
  return hold;
}

function takeAppFile(
  draft: Draft,
  file: RecordFile & { app: string; rest: readonly string[] },
): void {
  const { app, rest, path, text } = file;
  const record = draft.apps.get(app) ?? {
    current: { release: null, partial: [] },
    open: [],
    bad: [],
  };
  draft.apps.set(app, record);
  const name = rest.join("/");
  if (name === "current.json") record.current = readRecord(draft, checks.current, { path, text });
  else if (name === "bad.json") takeBad(record, readRecord(draft, checks.bad, { path, text }));
  else if (name === "arrivals.json")
    record.arrivals = readRecord(draft, checks.arrivals, { path, text });
  else if (rest.length === 2 && rest[0] === "open") {
    record.open.push(openRelease(draft, record, file));
  } else throw unknownFile(path);
}

function takeBad(record: AppDraft, { digests, trees }: BadReleases): void {
  record.bad = digests;
  if (trees !== undefined) record.badTrees = trees;
}

function openRelease(
  draft: Draft,
  record: AppDraft,
  { app, path, text }: RecordFile & { app: string },
): Release {
  const release = readRecord(draft, checks.release, { path, text });
  if (path !== controlPaths.open(release.app, release.id) || release.app !== app) {
    throw corrupt(path, `it says that it is ${release.app}/${release.id}`);
  }
  for (const [site, { stage }] of Object.entries(release.list)) {
    if (release.stages[stage] === undefined) throw corrupt(path, `${site} is in a stage it lacks`);
  }
  const isSecond = release.kind === "app" && record.open.some(({ kind }) => kind === "app");
  if (isSecond) throw corrupt(path, `${app} has two open candidates`);
  return release;
}

function readRecord<T>({ known }: Draft, check: DataCheck<T>, { path, text }: RecordFile): T {
  const before = known.get(path);
  // A path has records of one schema, which this one satisfied.
  if (before?.text === text) return before.record as T;
  const record = checkRecord(check, { path, text });
  known.set(path, { text, record });
  return record;
}

function checkRecord<T>(check: DataCheck<T>, { path, text }: RecordFile): T {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw corrupt(path, "it is not JSON", cause);
  }
  const answer = check(data);
  if ("value" in answer) return answer.value;
  throw corrupt(path, answer.mistake);
}

function unknownFile(path: string): FleetError {
  return corrupt(path, "no record of this version belongs there");
}

function corrupt(path: string, mistake: string, cause?: unknown): FleetError {
  return new FleetError("STATE_CORRUPT", `control: ${path} cannot be read: ${mistake}`, {
    ...(cause === undefined ? {} : { cause }),
    hint:
      `nothing moves until it can: bring its last good version back by a commit on control (\`git log -- ${path}\` tells who` +
      " wrote it; of a hold the file may go), or restore the state folder from a copy",
    retry: "never",
  });
}
