/** What controllers and kubelets do by themselves: everything that is due up to a time, in its order. */
import type { Cluster } from "../cluster.ts";
import { reconcileDaemonSet } from "./reconcile-daemon-set.ts";
import { reconcileDefinition } from "./reconcile-definition.ts";
import { reconcileDeployment } from "./reconcile-deployment.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { reconcileJob } from "./reconcile-job.ts";
import { reconcileNamespace } from "./reconcile-namespace.ts";
import { reconcilePod } from "./reconcile-pod.ts";
import { reconcileReplicaSet } from "./reconcile-replica-set.ts";
import { reconcileStatefulSet } from "./reconcile-stateful-set.ts";

/** Looks at one object, by its key, and does what is next. */
type Controller = (cluster: Cluster, key: string) => void;

const controllers: Readonly<Record<string, Controller>> = {
  daemonset: reconcileDaemonSet,
  definition: reconcileDefinition,
  deployment: reconcileDeployment,
  garbage: collectGarbage,
  job: reconcileJob,
  namespace: reconcileNamespace,
  pod: reconcilePod,
  replicaset: reconcileReplicaSet,
  statefulset: reconcileStatefulSet,
};

/** Brings a cluster to a time. Each piece of work happens at its own time, not at that of the call. */
export function advance(cluster: Cluster, now: number): void {
  for (let task = cluster.timers.take(now); task !== undefined; task = cluster.timers.take(now)) {
    cluster.now = Math.max(cluster.now, task.at);
    const space = task.task.indexOf(" ");
    controllers[task.task.slice(0, space)]?.(cluster, task.task.slice(space + 1));
  }
  cluster.now = Math.max(cluster.now, now);
}

/** When something will happen by itself; undefined when nothing is pending. */
export function nextWorkAt(cluster: Cluster): number | undefined {
  return cluster.timers.next();
}
