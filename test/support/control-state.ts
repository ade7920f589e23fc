import { controlFile, parseControl } from "../../src/core/rollout/control-files.ts";
import type {
  AppControl,
  ControlChange,
  ControlState,
} from "../../src/core/rollout/planner-types.ts";

/** Applies changes to a state as writing them and reading them back would: every record is checked on its way. */
export function applyChanges(state: ControlState, changes: readonly ControlChange[]): ControlState {
  if (changes.length === 0) return state;
  const files = stateFiles(state);
  for (const change of changes) {
    const { path, text } = controlFile(change);
    if (text === null) files.delete(path);
    else files.set(path, text);
  }
  const parsed = parseControl(files);
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}

/** All records of a state as files. */
export function stateFiles(state: ControlState): Map<string, string> {
  const files = new Map<string, string>();
  const add = (path: string, record: object): void => {
    files.set(path, controlFile({ path, record, why: "" }).text ?? "");
  };
  if (state.head !== null) add("head.json", state.head);
  add("epoch.json", { epoch: state.epoch });
  for (const hold of state.holds) add(`holds/${hold.id}.json`, hold);
  for (const [site, record] of Object.entries(state.sites)) add(`sites/${site}.json`, record);
  for (const [mirror, record] of Object.entries(state.workers))
    add(`workers/${mirror}.json`, record);
  for (const [name, record] of Object.entries(state.decisions ?? {}))
    add(`decisions/${name}.json`, record);
  for (const [app, record] of Object.entries(state.apps)) addApp(add, app, record);
  return files;
}

function addApp(
  add: (path: string, record: object) => void,
  app: string,
  control: AppControl,
): void {
  const { current, bad, badTrees, arrivals, open } = control;
  if (current.release !== null || current.partial.length > 0)
    add(`apps/${app}/current.json`, current);
  if (bad.length > 0)
    add(`apps/${app}/bad.json`, { digests: bad, ...(badTrees && { trees: badTrees }) });
  if (arrivals !== undefined) add(`apps/${app}/arrivals.json`, arrivals);
  for (const release of open) add(`apps/${app}/open/${release.id}.json`, release);
}
