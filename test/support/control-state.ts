import { KeptResults } from "../../src/core/model/kept-results.ts";
import { controlFile, parseControl } from "../../src/core/rollout/control-files.ts";
import type {
  AppControl,
  ControlChange,
  ControlState,
} from "../../src/core/rollout/planner-types.ts";

/** Applies changes to a state as writing them and reading them back would: every changed record is checked on its way. */
export function applyChanges(state: ControlState, changes: readonly ControlChange[]): ControlState {
  return changes.length === 0 ? state : kept.get(changes, [state], () => apply(state, changes));
}

/** Several look at what one plan leads to. */
const kept = new KeptResults<readonly ControlChange[], ControlState>(1);

function apply(state: ControlState, changes: readonly ControlChange[]): ControlState {
  // What was checked before has no text to be read again.
  const known = new Map<string, { text: string; record: unknown }>();
  eachRecord(state, (path, record) => known.set(path, { text: "", record }));
  const files = new Map([...known.keys()].map((path) => [path, ""]));
  for (const change of changes) {
    const { path, text } = controlFile(change);
    if (text === null) files.delete(path);
    else files.set(path, text);
  }
  const parsed = parseControl(files, known);
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}

/** All records of a state as files. */
export function stateFiles(state: ControlState): Map<string, string> {
  const files = new Map<string, string>();
  eachRecord(state, (path, record) => {
    files.set(path, controlFile({ path, record, why: "" }).text ?? "");
  });
  return files;
}

type Add = (path: string, record: object) => void;

function eachRecord(state: ControlState, add: Add): void {
  if (state.head !== null) add("head.json", state.head);
  add("epoch.json", { epoch: state.epoch });
  for (const hold of state.holds) add(`holds/${hold.id}.json`, hold);
  for (const [site, record] of Object.entries(state.sites)) add(`sites/${site}.json`, record);
  for (const [mirror, record] of Object.entries(state.workers))
    add(`workers/${mirror}.json`, record);
  for (const [name, record] of Object.entries(state.decisions ?? {}))
    add(`decisions/${name}.json`, record);
  for (const [app, record] of Object.entries(state.apps)) addApp(add, app, record);
}

function addApp(add: Add, app: string, control: AppControl): void {
  const { current, bad, badTrees, arrivals, open } = control;
  if (current.release !== null || current.partial.length > 0)
    add(`apps/${app}/current.json`, current);
  if (bad.length > 0)
    add(`apps/${app}/bad.json`, { digests: bad, ...(badTrees && { trees: badTrees }) });
  if (arrivals !== undefined) add(`apps/${app}/arrivals.json`, arrivals);
  for (const release of open) add(`apps/${app}/open/${release.id}.json`, release);
}
