/**
 * What the cluster's inventory of an app names is the app's, whatever the store knows: a store that was lost, or came back
 * from an older copy, does not know all that was written. A store only comes back while no process runs: so the inventory
 * is read once in the life of a process, and only before the set of an app's objects changes there.
 */
import { FleetError } from "../core/errors.ts";
import type { AppState } from "./app-state.ts";
import { save } from "./apply-app.ts";
import { type ChildInventory, readChildInventory } from "./child-inventory.ts";
import type { SiteContext } from "./site-context.ts";
import { type AppRow, pendingRow } from "./state-store.ts";
import type { AppTree } from "./tree-cache.ts";

/** Takes in what the cluster's inventory names; null: there is none. STATE_CORRUPT when it is not an inventory. */
export async function meetInventory(
  context: SiteContext,
  state: AppState,
): Promise<ChildInventory | null> {
  await context.link.verify({ signal: context.signal(), maxAgeMs: 30_000 });
  const found = await readChildInventory(context, state.app);
  // What it says, and that there is none, must have been said by this cluster: nothing would be asked again.
  await context.link.verify({ signal: context.signal() });
  state.hasMetInventory = true;
  saveUnknown(context, state, found ?? { ids: [] });
  return found;
}

/**
 * The same of an app that the store knows, unless this process has done so; gives its row. What is no inventory names
 * nothing, and is written anew.
 */
export async function meetInventoryOnce(
  context: SiteContext,
  state: AppState,
  row: AppRow,
): Promise<AppRow> {
  if (state.hasMetInventory) return row;
  const found = await meetInventory(context, state).catch((error: unknown) => {
    if (error instanceof FleetError && error.code === "STATE_CORRUPT") return null;
    throw error;
  });
  state.hasMetInventory = true;
  if (found === null || found.parts <= row.childParts) return row;
  state.row = { ...row, childParts: found.parts };
  context.store.saveApp(state.row);
  return state.row;
}

/** Known to be ours, and (of Jobs) to have been run, and nothing else: each is looked at before anything is done to it. */
export function saveUnknown(
  context: SiteContext,
  state: AppState,
  { ids, runs }: Pick<ChildInventory, "ids"> & Partial<Pick<ChildInventory, "runs">>,
): void {
  const unknown = ids.filter((id) => !state.rows.has(id));
  save(
    context,
    state,
    unknown.map((id) => {
      const { uid = "", hash = "" } = runs?.get(id) ?? {};
      return { ...pendingRow(id, ""), uid, hash };
    }),
  );
}

/** The tree has other objects than the app has at the site. */
export function isNewSet({ rows }: AppState, { ids }: AppTree): boolean {
  return ids.size !== rows.size || [...ids].some((id) => !rows.has(id));
}
