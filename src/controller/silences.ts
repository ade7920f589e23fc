/**
 * Deadlines and soaks stand still while a region's worker is silent, so its silences are kept in control for as long
 * as an open release may have to subtract them; they outlast the controller that saw them.
 */
import { controlPaths } from "../core/rollout/control-files.ts";
import type { ControlChange, ControlState } from "../core/rollout/planner-types.ts";
import type { WorkerSilences } from "../core/rollout/records.ts";
import type { Silence } from "./observations.ts";

/** What is to be recorded of silences, per mirror; nothing where no open release is touched. */
export function silenceChanges(
  control: ControlState,
  silences: ReadonlyMap<string, readonly Silence[]>,
): ControlChange[] {
  const since = oldestOpenRelease(control);
  if (since === null) return [];
  return [...silences].flatMap(([mirror, found]) => {
    const record = control.workers[mirror];
    const known = (record?.silences ?? []).map(({ from, to }) => ({
      from: Date.parse(from),
      to: Date.parse(to),
    }));
    const merged = union([...known, ...found].filter(({ to }) => to > since));
    const isNew = found.some(({ from, to }) => to > since && !covers(known, { from, to }));
    if (!isNew) return [];
    const next: WorkerSilences = {
      ...record,
      silences: merged.map(({ from, to }) => ({ from: isoTime(from), to: isoTime(to) })),
    };
    return [
      { path: controlPaths.worker(mirror), record: next, why: `${mirror}: silence recorded` },
    ];
  });
}

/** The changes with these silences recorded too; a change to the same record keeps its word and gets them added. */
export function withSilences(
  control: ControlState,
  changes: readonly ControlChange[],
  silences: ReadonlyMap<string, readonly Silence[]>,
): ControlChange[] {
  const changed = new Map(changes.map((change) => [change.path, change]));
  const workers = { ...control.workers };
  for (const mirror of silences.keys()) {
    const record = changed.get(controlPaths.worker(mirror))?.record;
    if (record === null) delete workers[mirror];
    else if (record !== undefined) workers[mirror] = record as WorkerSilences; // what lies there
  }
  const added = silenceChanges({ ...control, workers }, silences);
  const records = new Map(added.map(({ path, record }) => [path, record]));
  return [
    ...changes.map((change) => ({ ...change, record: records.get(change.path) ?? change.record })),
    ...added.filter(({ path }) => !changed.has(path)),
  ];
}

function oldestOpenRelease(control: ControlState): number | null {
  const starts = Object.values(control.apps)
    .flatMap(({ open }) => open)
    .map(({ startedAt }) => Date.parse(startedAt));
  return starts.length === 0 ? null : Math.min(...starts);
}

function covers(known: readonly Silence[], { from, to }: Silence): boolean {
  return known.some((each) => each.from <= from && each.to >= to);
}

function union(silences: readonly Silence[]): Silence[] {
  const merged: Silence[] = [];
  for (const silence of silences.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || silence.from > last.to) merged.push(silence);
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, silence.to) };
  }
  return merged;
}

/** Wall time (ms) as records hold it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
