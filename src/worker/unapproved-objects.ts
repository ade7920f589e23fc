import { liveOwner } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { type ObjectId, describeKey, parseObjectId } from "../core/model/kube-object.ts";
import type { LeavingMarker } from "../core/protocol/mirror-layout.ts";
import type { AppState } from "./app-state.ts";
import { lookUp } from "./look-up.ts";
import type { SiteContext } from "./site-context.ts";
import type { AppRow, ObjectRow } from "./state-store.ts";

/**
 * Which objects must stay that an app has at a site and its tree has not: those that no tree had which the mirror gave
 * it there since it last came (they were in the cluster's inventory, or in the store from an earlier time). No release
 * has dropped them, so nobody has counted them. Looked up once per tree.
 */
export async function unreleased(
  context: SiteContext,
  state: AppState,
  { tree, ids }: { readonly tree: string; readonly ids: readonly ObjectId[] },
): Promise<ReadonlySet<ObjectId>> {
  const { site } = context;
  if (state.unreleased.tree === tree) return state.unreleased.ids;
  const { never } = await context.history.past({ site, app: state.app, ids });
  state.unreleased = { tree, ids: new Set(never) };
  return state.unreleased.ids;
}

/**
 * Why an app must not leave by deletion yet; null: it may. Approved are the objects that the marker expects of the tree
 * whose place it took, and what earlier trees had since the app came: the releases that dropped that were approved for
 * it, and a prune that waited would have taken it. Anything else that stands and names this app is nobody's word.
 */
export async function reasonNotToLeave(
  context: SiteContext,
  state: AppState,
  { row, marker }: { readonly row: AppRow; readonly marker: LeavingMarker },
): Promise<FleetError | null> {
  const ids = [...state.rows.values()].filter(mayStand).map(({ id }) => id);
  const { site, app } = row;
  const { last, never } = await context.history.past({ site, app, ids });
  if (last.length > marker.expected) {
    const facts = `the app is to leave with ${marker.expected} objects, but its last tree here has ${last.length}`;
    return refusal(facts, "add the app again, and remove it anew");
  }
  const standing = await standingOf(context, state, { row, ids: never });
  if (standing.length === 0) return null;
  const named = standing.slice(0, 3).map(describeId).join(", ");
  const more = standing.length > 3 ? ` and ${standing.length - 3} more` : "";
  return refusal(
    `the app is to leave with ${marker.expected} objects, but it also has ${named}${more} here, which the mirror has not given it since it came`,
    "delete these by hand, or take the annotation flotilla.dev/owner off them: then it goes on",
  );
}

/** False for an object whose first write never got through. */
function mayStand(row: ObjectRow): boolean {
  return row.phase !== "pending" || row.apiVersion === "";
}

/** Those that the cluster has, and that name this app. */
async function standingOf(
  context: SiteContext,
  state: AppState,
  { row, ids }: { readonly row: AppRow; readonly ids: readonly ObjectId[] },
): Promise<readonly ObjectId[]> {
  const standing: ObjectId[] = [];
  for (const id of ids) {
    const found = await lookUp(context, id, state.rows.get(id));
    if (found !== null && liveOwner(found.live) === row.owner) standing.push(id);
  }
  if (ids.length > 0) await context.link.verify({ signal: context.signal() });
  return standing;
}

function refusal(facts: string, hint: string): FleetError {
  return new FleetError("CONFLICT", `${facts}: nothing is deleted`, { hint });
}

function describeId(id: ObjectId): string {
  const key = parseObjectId(id);
  return key === undefined ? id : describeKey(key);
}
