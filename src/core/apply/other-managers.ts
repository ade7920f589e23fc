/**
 * Who manages an object beside the app that has it, so that it is not the app's alone to delete. In: the live object.
 * Out: names of managers. Whoever applies an object (server-side) says what it wants of it and goes on doing so; who
 * edits it, as controllers do that scale it or write its status, says nothing of that kind.
 */
import { type Json, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { type ManagedEntry, managedEntries } from "./compare-fields.ts";
import { valueSteps } from "./owned-fields.ts";
import { declaredTakeOver } from "./take-over.ts";

/**
 * Managers that apply a live object of an app's, and the object that controls it, unless that is in `own`, by uid.
 * Nobody but the app: kubectl, whose fields are ours to take, apps (which hand over in a commit), those that the object
 * itself gives to the app, and who has nothing of it any more.
 */
export function otherManagers(live: KubeObject, own: ReadonlySet<string>): readonly string[] {
  const given = new Set(declaredTakeOver(live));
  const applying = managedEntries(live)
    .filter(
      // Whose it is costs least to tell, and of most objects it is the app alone.
      (entry) => !isOfNobodyElse(entry.manager) && !given.has(entry.manager) && isClaim(entry),
    )
    .map(({ manager }) => manager);
  return [...new Set([...applying, ...controllersOf(live, own)])].toSorted();
}

/** A finalizer alone holds an object, and claims nothing of it. */
function isClaim({ operation, subresource, fields }: ManagedEntry): boolean {
  if (operation !== "Apply" || subresource !== "") return false;
  return valueSteps(fields).some((steps) => !steps.join("").startsWith(".metadata.finalizers"));
}

/** The last one fills in the rules of ClusterRoles that others make, for every cluster. */
function isOfNobodyElse(manager: string): boolean {
  return /^(?:kubectl($|-)|flotilla($|\/)|clusterrole-aggregation-controller$)/.test(manager);
}

function controllersOf(live: KubeObject, own: ReadonlySet<string>): string[] {
  const references = live.metadata["ownerReferences"];
  if (!Array.isArray(references)) return [];
  return references.flatMap((one: Json) => {
    if (!isJsonObject(one) || one["controller"] !== true || own.has(textOf(one["uid"]))) return [];
    return [`${textOf(one["kind"])} ${textOf(one["name"])}`];
  });
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
