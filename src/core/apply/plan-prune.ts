/**
 * Which objects of an app's inventory are to go. In: the complete tree of a named commit (or a leaving marker) and the
 * inventory. Out: what to delete, in order, and what waits. What is not in the inventory is never in the plan.
 */
import { isBuiltInGroup } from "../model/built-in-groups.ts";
import { type ObjectId, type ObjectKey, parseObjectId } from "../model/kube-object.ts";
import { groupOfService, rankOf, servedGroups } from "./order-objects.ts";

/** Objects, each with the apiVersion that it was written in; "" where that is not known. */
export type Versions = ReadonlyMap<ObjectId, string>;

/** What pruning one app at one site goes by. */
export interface PruneInput {
  /** The app's tree in the accepted commit; empty only where a leaving marker stands. */
  readonly desired: Versions;
  /** Ids that the app has at the site. */
  readonly inventory: readonly ObjectId[];
  /** What other apps of the site want or have, by app. */
  readonly others: ReadonlyMap<string, Versions>;
  /** By CustomResourceDefinition: the kind that it defines, as far as that is known. */
  readonly defined: ReadonlyMap<ObjectId, string>;
}

/**
 * What goes, in the order of deletion, in steps: what is in a step must be away before the next one begins, for what
 * takes it away may be there. First custom resources, then their definitions (with which all others of the kind go),
 * then what makes an API server ask somebody, who must be there for as long, then what is left: dependents first,
 * Namespaces last.
 */
export interface PrunePlan {
  readonly steps: readonly (readonly ObjectId[])[];
  readonly wait: readonly { readonly id: ObjectId; readonly reason: string }[];
}

/** Decides what goes. An object that another app of the site wants waits until that app has taken it over. */
export function planPrune(input: PruneInput): PrunePlan {
  const remove: { id: ObjectId; key: ObjectKey }[] = [];
  const wait: { id: ObjectId; reason: string }[] = [];
  for (const id of input.inventory) {
    const key = parseObjectId(id);
    if (key === undefined || input.desired.has(id)) continue;
    const reason = reasonToWait(id, input);
    if (reason === undefined) remove.push({ id, key });
    else wait.push({ id, reason });
  }
  const served = servedGroups(remove.map(({ key }) => key));
  const ordered = remove.toSorted(
    (a, b) =>
      stepOf(a.key) - stepOf(b.key) ||
      rankOf(b.key, served) - rankOf(a.key, served) ||
      Number(isNamespace(a.key)) - Number(isNamespace(b.key)) ||
      (a.id < b.id ? -1 : 1),
  );
  const steps = [0, 1, 2, 3].map((step) => ordered.filter(({ key }) => stepOf(key) === step));
  const ids = steps.map((step) => step.map(({ id }) => id)).filter((step) => step.length > 0);
  return { steps: ids, wait };
}

function stepOf({ group, kind }: ObjectKey): number {
  if (!isBuiltInGroup(group)) return 0;
  if (kind === "CustomResourceDefinition") return 1;
  return askingGroups.has(group) ? 2 : 3;
}

/** Webhooks, admission policies and APIServices. */
const askingGroups: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io",
  "apiregistration.k8s.io",
]);

function isNamespace({ group, kind }: ObjectKey): boolean {
  return group === "" && kind === "Namespace";
}

function reasonToWait(id: ObjectId, input: PruneInput): string | undefined {
  for (const [app, versions] of input.others) {
    if (versions.has(id)) return `app ${app} has it too or takes it over`;
  }
  const holder = holderOf(id, input);
  return holder === undefined ? undefined : `${holder} still has objects that would go with it`;
}

/** Deleting a Namespace or a definition deletes all that is in it, or leads nowhere any more: who else has something there? */
function holderOf(id: ObjectId, input: PruneInput): string | undefined {
  const holds = containedIn(id, input.defined);
  if (holds === undefined) return undefined;
  const holdsAny = (versions: Versions): boolean =>
    [...versions].some(([other, apiVersion]) => holds(other, apiVersion));
  if (holdsAny(input.desired)) return "the app itself";
  for (const [app, versions] of input.others) if (holdsAny(versions)) return `app ${app}`;
  return undefined;
}

/** Whether an object, of this apiVersion ("": not known), is in something. */
export type Holds = (id: ObjectId, apiVersion: string) => boolean;

/**
 * What goes with a Namespace or definition, or is out of reach without an APIService; undefined for other kinds. Where
 * the kind that a definition defines is not known, it may be any of its group.
 */
export function containedIn(id: ObjectId, defined: PruneInput["defined"]): Holds | undefined {
  const key = parseObjectId(id);
  const holds = key === undefined ? undefined : testOf(key, defined.get(id));
  if (holds === undefined) return undefined;
  return (other, apiVersion) => {
    const its = parseObjectId(other);
    return its !== undefined && holds(its, apiVersion);
  };
}

function testOf(
  key: ObjectKey,
  defines: string | undefined,
): ((other: ObjectKey, apiVersion: string) => boolean) | undefined {
  const { kind, name } = key;
  if (isNamespace(key)) return (other) => other.namespace === name;
  if (kind === "CustomResourceDefinition") {
    const itsGroup = name.slice(name.indexOf(".") + 1);
    return (other) => other.group === itsGroup && (defines ?? other.kind) === other.kind;
  }
  if (kind === "APIService") {
    const itsGroup = groupOfService(name);
    const served = `${itsGroup}/${name.slice(0, name.indexOf("."))}`;
    return (other, apiVersion) =>
      other.group === itsGroup && (apiVersion === "" || apiVersion === served);
  }
  return undefined;
}
