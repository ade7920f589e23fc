/**
 * Which pods of a workload still run a template that was replaced, and mount what that one names. That is no question of
 * health: a rollout that is paused, or that waits for somebody to delete the pods, may be just as it should be.
 */
import type { JsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";
import { isStale } from "./assess-health.ts";
import { at, numberAt, textAt } from "./read-object.ts";

/** Says how many, and why: `1 of 2 (its updateStrategy is OnDelete)`; "" where none does, or the kind tells nothing of it. */
export function olderPods(object: JsonObject): string {
  const counts = countsOf(object);
  if (counts === null) return "";
  const { total, updated } = counts;
  if (isStale(object)) return "its controller has not seen the change yet";
  return total > updated ? `${total - updated} of ${total}${reasonOf(object)}` : "";
}

/** Kinds that leave out a number that is 0. */
const rolledOut: ReadonlySet<string> = new Set([
  "apps/Deployment",
  "apps/StatefulSet",
  "argoproj.io/Rollout",
]);

function countsOf(object: JsonObject): { total: number; updated: number } | null {
  const kind = `${groupOf(textAt(object, "apiVersion"))}/${textAt(object, "kind")}`;
  const [total, updated] =
    kind === "apps/DaemonSet"
      ? (["currentNumberScheduled", "updatedNumberScheduled"] as const)
      : (["replicas", "updatedReplicas"] as const);
  const isTold = rolledOut.has(kind) || typeof at(object, "status", updated) === "number";
  if (!isTold && kind !== "apps/DaemonSet") return null;
  return {
    total: numberAt(object, ["status", total]),
    updated: numberAt(object, ["status", updated]),
  };
}

function reasonOf(object: JsonObject): string {
  if (at(object, "spec", "paused") === true) return " (its rollout is paused)";
  const strategy = at(object, "spec", "updateStrategy");
  if (textAt(strategy, "type") === "OnDelete") return " (its updateStrategy is OnDelete)";
  const partition = at(strategy, "rollingUpdate", "partition") ?? at(strategy, "partition");
  const isParted =
    typeof partition === "string" || (typeof partition === "number" && partition > 0);
  return isParted ? ` (its updateStrategy has partition ${partition})` : "";
}
