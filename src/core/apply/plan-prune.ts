/**
 * Which objects of an app's inventory are to go. In: the complete tree of a named commit (or a leaving marker) and the
 * inventory. Out: what to delete, in order, and what waits. What is not in the inventory is never in the plan.
 */
import { type ObjectId, type ObjectKey, parseObjectId } from "../model/kube-object.ts";
import { groupOfService, rankOf, servedGroups } from "./order-objects.ts";

/** What pruning one app at one site goes by. */
export interface PruneInput {
  /** Ids of the app's tree in the accepted commit; empty only where a leaving marker stands. */
  readonly desired: ReadonlySet<ObjectId>;
  /** Ids that the app has at the site. */
  readonly inventory: readonly ObjectId[];
  /** Ids that other apps of the site want or have, by app. */
  readonly others: ReadonlyMap<string, ReadonlySet<ObjectId>>;
}

/** `remove` is in the order of deletion: dependents first, CustomResourceDefinitions and Namespaces last. */
export interface PrunePlan {
  readonly remove: readonly ObjectId[];
  readonly wait: readonly { readonly id: ObjectId; readonly reason: string }[];
}

/** Decides what goes. An object that another app of the site wants waits until that app has taken it over. */
export function planPrune(input: PruneInput): PrunePlan {
  const remove: { id: ObjectId; key: ObjectKey }[] = [];
  const wait: { id: ObjectId; reason: string }[] = [];
  for (const id of input.inventory) {
    const key = parseObjectId(id);
    if (key === undefined || input.desired.has(id)) continue;
    const reason = reasonToWait(id, key, input);
    if (reason === undefined) remove.push({ id, key });
    else wait.push({ id, reason });
  }
  const served = servedGroups(remove.map(({ key }) => key));
  const ordered = remove.toSorted(
    (a, b) =>
      rankOf(b.key, served) - rankOf(a.key, served) ||
      late(a.key) - late(b.key) ||
      (a.id < b.id ? -1 : 1),
  );
  return { remove: ordered.map(({ id }) => id), wait };
}

function reasonToWait(id: ObjectId, key: ObjectKey, input: PruneInput): string | undefined {
  for (const [app, ids] of input.others) {
    if (ids.has(id)) return `app ${app} has it too or takes it over`;
  }
  const holder = holderOf(key, input);
  return holder === undefined ? undefined : `${holder} still has objects that would go with it`;
}

/** Deleting a Namespace or a definition deletes all that is in it, or leads nowhere any more: who else has something there? */
function holderOf(key: ObjectKey, input: PruneInput): string | undefined {
  const holds = containedIn(key);
  if (holds === undefined) return undefined;
  const holdsAny = (ids: Iterable<ObjectId>): boolean => {
    for (const id of ids) {
      const other = parseObjectId(id);
      if (other !== undefined && holds(other)) return true;
    }
    return false;
  };
  if (holdsAny(input.desired)) return "the app itself";
  for (const [app, ids] of input.others) if (holdsAny(ids)) return `app ${app}`;
  return undefined;
}

/** What goes with a Namespace or definition, or is out of reach without an APIService; undefined for other kinds. */
export function containedIn(key: ObjectKey): ((other: ObjectKey) => boolean) | undefined {
  if (key.group === "" && key.kind === "Namespace") return (other) => other.namespace === key.name;
  if (key.kind === "CustomResourceDefinition") {
    const group = key.name.slice(key.name.indexOf(".") + 1);
    return (other) => other.group === group;
  }
  if (key.kind === "APIService") {
    const group = groupOfService(key.name);
    return (other) => other.group === group;
  }
  return undefined;
}

function late(key: ObjectKey): number {
  if (key.kind === "Namespace") return 2;
  return key.kind === "CustomResourceDefinition" ? 1 : 0;
}
