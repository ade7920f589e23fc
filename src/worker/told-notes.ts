import type { ObjectId } from "../core/model/kube-object.ts";
import type { AppState, Staying } from "./app-state.ts";
import type { SiteContext } from "./site-context.ts";
import type { StateStore } from "./state-store.ts";

type Place = Pick<SiteContext, "store" | "site">;

/** What is kept of it: of the object that was looked at, and of no other by its name. */
interface Kept extends Staying {
  readonly uid: string;
}

/** Keeps what is told to stay of an object, here and in the store; true where that is another text than before. */
export function noteStaying(
  place: Place,
  state: AppState,
  { id, staying }: { readonly id: ObjectId; readonly staying: Staying | null },
): boolean {
  const before = state.staying.get(id);
  if (JSON.stringify(before ?? null) === JSON.stringify(staying)) return false;
  const key = `${prefixOf(place, state.app)}${id}`;
  if (staying === null) {
    state.staying.delete(id);
    place.store.deleteValue(key);
  } else {
    const { fields, note } = staying;
    const kept: Kept = { uid: state.rows.get(id)?.uid ?? "", fields, note };
    state.staying.set(id, { fields, note });
    place.store.setValue(key, JSON.stringify(kept));
  }
  return before?.note !== staying?.note;
}

/** Keeps why not all is done, without being a failure, here and in the store. */
export function noteWaiting(place: Place, state: AppState, waiting: string): void {
  if (state.waiting === waiting) return;
  state.waiting = waiting;
  const key = waitingKey(place, state.app);
  if (waiting === "") place.store.deleteValue(key);
  else place.store.setValue(key, waiting);
}

/** What is kept of an object that has drifted: while its row is the same, nothing was written since. */
interface KeptDrift {
  readonly id: ObjectId;
  readonly resourceVersion: string;
  readonly note: string;
}

/** Keeps what a look has found to differ in the store. */
export function keepDrift(place: Place, state: AppState): void {
  const found = [...state.drifted].map(([id, { note }]): KeptDrift => {
    return { id, resourceVersion: versionOf(state, id), note };
  });
  const key = driftKey(place, state.app);
  const text = found.length === 0 ? null : JSON.stringify(found);
  if (text === place.store.value(key)) return;
  if (text === null) place.store.deleteValue(key);
  else place.store.setValue(key, text);
}

/** It is told until a look is taken, which says what is to be done about it. */
function recallDrift(place: Place, state: AppState): void {
  const text = place.store.value(driftKey(place, state.app));
  const kept = text === null ? [] : (JSON.parse(text) as KeptDrift[]); // written by `keepDrift`
  for (const { id, resourceVersion, note } of kept) {
    const isSame = state.rows.has(id) && versionOf(state, id) === resourceVersion;
    if (isSame) state.drifted.set(id, { force: false, repair: false, note });
  }
}

function versionOf({ rows }: AppState, id: ObjectId): string {
  return rows.get(id)?.resourceVersion ?? "";
}

/** Takes in what an earlier run told: what waits, what has drifted, and what stays of objects that are the same by their rows. */
export function recallTold(place: Place, state: AppState): void {
  state.waiting = place.store.value(waitingKey(place, state.app)) ?? "";
  recallDrift(place, state);
  for (const [id, text] of place.store.values(prefixOf(place, state.app))) {
    const { uid, fields, note } = JSON.parse(text) as Kept; // written by `noteStaying`
    const isSame = uid !== "" && state.rows.get(id)?.uid === uid;
    if (isSame) state.staying.set(id, { fields, note });
    else place.store.deleteValue(`${prefixOf(place, state.app)}${id}`);
  }
}

/** Forgets that of all apps of a site. */
export function forgetTold(store: StateStore, site: string): void {
  for (const prefix of [`staying/${site}/`, `waiting/${site}/`, `drift/${site}/`]) {
    for (const rest of store.values(prefix).keys()) store.deleteValue(prefix + rest);
  }
}

function prefixOf({ site }: Place, app: string): string {
  return `staying/${site}/${app}/`;
}

function waitingKey({ site }: Place, app: string): string {
  return `waiting/${site}/${app}`;
}

function driftKey({ site }: Place, app: string): string {
  return `drift/${site}/${app}`;
}
