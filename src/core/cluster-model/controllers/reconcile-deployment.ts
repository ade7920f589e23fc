/** Deployments: a ReplicaSet per template, scaled up and down within the strategy's bounds, and conditions that tell. */
import type { JsonObject } from "../../model/json.ts";
import { putObject, removeObject, wakeController } from "../change-object.ts";
import type { Cluster } from "../cluster.ts";
import { type StoredObject, numberOf, objectOf, textOf, withMetadata } from "../stored-object.ts";
import { templateHash } from "./template-hash.ts";
import { deploymentStatus, isComplete } from "./deployment-status.ts";
import {
  controlledBy,
  makeChild,
  scaleChild,
  shareOf,
  standing,
  writeStatus,
} from "./owned-objects.ts";

const resource = "apps/deployments";
const setResource = "apps/replicasets";
const hashLabel = "pod-template-hash";
const revisionAnnotation = "deployment.kubernetes.io/revision";

/** A Deployment and its ReplicaSets. */
export interface Rollout {
  readonly deployment: StoredObject;
  readonly current: StoredObject | undefined;
  readonly old: readonly StoredObject[];
}

/** Makes the ReplicaSet of the template, moves replicas to it, and writes the status. */
export function reconcileDeployment(cluster: Cluster, key: string): void {
  const found = standing(cluster, resource, key);
  if (found === undefined) return;
  const isPaused = objectOf(found["spec"])["paused"] === true;
  const rollout = isPaused ? readRollout(cluster, found) : withCurrentSet(cluster, found);
  if (!isPaused) moveReplicas(cluster, rollout);
  const after = readRollout(cluster, standing(cluster, resource, key) ?? found);
  const { status, lookAgainAt } = deploymentStatus(after, cluster.now);
  writeStatus(cluster, resource, { object: after.deployment, status });
  if (lookAgainAt !== undefined) wakeController(cluster, { resource, key }, lookAgainAt);
  if (isComplete(after.deployment, status)) forgetOldSets(cluster, after);
}

function templateOf(object: StoredObject): JsonObject {
  return objectOf(objectOf(object["spec"])["template"]);
}

function readRollout(cluster: Cluster, deployment: StoredObject): Rollout {
  const sets = controlledBy(cluster, deployment, setResource);
  const hash = templateHash(templateOf(deployment));
  const current = sets.find((set) => objectOf(set.metadata["labels"])[hashLabel] === hash);
  return { deployment, current, old: sets.filter((set) => set !== current) };
}

function withCurrentSet(cluster: Cluster, deployment: StoredObject): Rollout {
  const rollout = readRollout(cluster, deployment);
  const revision = nextRevision(rollout);
  const current = rollout.current ?? makeSet(cluster, rollout, revision);
  const numbered = withRevision(cluster, { resource: setResource, object: current, revision });
  const deploymentNow = withRevision(cluster, { resource, object: deployment, revision });
  return { deployment: deploymentNow, current: numbered, old: rollout.old };
}

function revisionOf(object: StoredObject | undefined): number {
  return Number(textOf(objectOf(object?.metadata["annotations"])[revisionAnnotation]) || "0");
}

/** The newest ReplicaSet keeps its number; one that becomes current again gets the next. */
function nextRevision({ current, old }: Rollout): number {
  const highest = Math.max(0, ...old.map(revisionOf));
  const own = revisionOf(current);
  return own > highest ? own : highest + 1;
}

function withRevision(
  cluster: Cluster,
  numbered: { readonly resource: string; readonly object: StoredObject; readonly revision: number },
): StoredObject {
  const { object, revision } = numbered;
  if (revisionOf(object) === revision) return object;
  const annotations = {
    ...objectOf(object.metadata["annotations"]),
    [revisionAnnotation]: String(revision),
  };
  return putObject(cluster, numbered.resource, withMetadata(object, { annotations }));
}

function makeSet(cluster: Cluster, rollout: Rollout, revision: number): StoredObject {
  const { deployment } = rollout;
  const spec = objectOf(deployment["spec"]);
  const template = templateOf(deployment);
  const hash = templateHash(template);
  const metadata = objectOf(template["metadata"]);
  const labels = { ...objectOf(metadata["labels"]), [hashLabel]: hash };
  const selector = objectOf(spec["selector"]);
  const matchLabels = { ...objectOf(selector["matchLabels"]), [hashLabel]: hash };
  const wanted = numberOf(spec["replicas"], 1);
  return makeChild(cluster, deployment, {
    resource: setResource,
    name: `${deployment.metadata.name}-${hash}`,
    metadata: { labels, annotations: setAnnotations(spec, revision) },
    fields: {
      spec: {
        ...(spec["minReadySeconds"] !== undefined && { minReadySeconds: spec["minReadySeconds"] }),
        replicas: Math.min(wanted, room(rollout, spec)),
        selector: { ...selector, matchLabels },
        template: { ...template, metadata: { ...metadata, labels } },
      },
    },
  });
}

function setAnnotations(spec: JsonObject, revision: number): JsonObject {
  const replicas = numberOf(spec["replicas"], 1);
  return {
    "deployment.kubernetes.io/desired-replicas": String(replicas),
    "deployment.kubernetes.io/max-replicas": String(replicas + maxSurge(spec)),
    [revisionAnnotation]: String(revision),
  };
}

function isRecreate(spec: JsonObject): boolean {
  return objectOf(spec["strategy"])["type"] === "Recreate";
}

function maxSurge(spec: JsonObject): number {
  if (isRecreate(spec)) return 0;
  const rolling = objectOf(objectOf(spec["strategy"])["rollingUpdate"]);
  return shareOf(rolling["maxSurge"], numberOf(spec["replicas"], 1), "up");
}

function maxUnavailable(spec: JsonObject): number {
  const rolling = objectOf(objectOf(spec["strategy"])["rollingUpdate"]);
  const replicas = numberOf(spec["replicas"], 1);
  const unavailable = shareOf(rolling["maxUnavailable"], replicas, "down");
  // Both zero would never move.
  return unavailable === 0 && maxSurge(spec) === 0 ? 1 : Math.min(unavailable, replicas);
}

function specReplicas(set: StoredObject | undefined): number {
  return set === undefined ? 0 : numberOf(objectOf(set["spec"])["replicas"], 1);
}

function sumOf(sets: readonly StoredObject[], count: (set: StoredObject) => number): number {
  return sets.reduce((sum, set) => sum + count(set), 0);
}

/** How many replicas more there may be now. */
function room({ current, old }: Rollout, spec: JsonObject): number {
  const total = specReplicas(current) + sumOf(old, specReplicas);
  if (isRecreate(spec)) {
    const running = sumOf(old, (set) => numberOf(objectOf(set["status"])["replicas"]));
    return running + sumOf(old, specReplicas) > 0 ? 0 : numberOf(spec["replicas"], 1);
  }
  return Math.max(0, numberOf(spec["replicas"], 1) + maxSurge(spec) - total);
}

function moveReplicas(cluster: Cluster, rollout: Rollout): void {
  const { deployment, current, old } = rollout;
  if (current === undefined) return;
  const spec = objectOf(deployment["spec"]);
  const wanted = numberOf(spec["replicas"], 1);
  const has = specReplicas(current);
  const replicas = has > wanted ? wanted : Math.min(wanted, has + room(rollout, spec));
  const scaled = scaleChild(cluster, setResource, { child: current, replicas });
  if (isRecreate(spec)) {
    for (const set of old) scaleChild(cluster, setResource, { child: set, replicas: 0 });
    return;
  }
  scaleDownOld(cluster, { deployment, current: scaled, old });
}

function availableOf(set: StoredObject): number {
  return numberOf(objectOf(set["status"])["availableReplicas"]);
}

/** First the pods that are of no use, then as many as the new ones make up for. */
function scaleDownOld(cluster: Cluster, { deployment, current, old }: Rollout): void {
  if (current === undefined) return;
  const spec = objectOf(deployment["spec"]);
  const minAvailable = numberOf(spec["replicas"], 1) - maxUnavailable(spec);
  const total = specReplicas(current) + sumOf(old, specReplicas);
  const newUnavailable = specReplicas(current) - availableOf(current);
  let spare = total - minAvailable - newUnavailable;
  const shrink = (set: StoredObject, by: number): StoredObject => {
    if (by <= 0) return set;
    spare -= by;
    return scaleChild(cluster, setResource, { child: set, replicas: specReplicas(set) - by });
  };
  const cleaned = old.map((set) =>
    shrink(set, Math.min(spare, specReplicas(set) - availableOf(set))),
  );
  let free = availableOf(current) + sumOf(cleaned, availableOf) - minAvailable;
  for (const set of cleaned) {
    const by = Math.min(free, spare, specReplicas(set));
    shrink(set, by);
    free -= Math.max(0, by);
  }
}

function forgetOldSets(cluster: Cluster, { deployment, old }: Rollout): void {
  const limit = numberOf(objectOf(deployment["spec"])["revisionHistoryLimit"], 10);
  const empty = old
    .filter((set) => specReplicas(set) === 0)
    .toSorted((a, b) => revisionOf(a) - revisionOf(b));
  for (const set of empty.slice(0, Math.max(0, empty.length - limit))) {
    removeObject(cluster, setResource, set);
  }
}
