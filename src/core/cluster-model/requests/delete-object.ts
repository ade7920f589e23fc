/** DELETE of an object or a collection: preconditions, finalizers, and what becomes of what it owns. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import type { ApiRequest, ApiResponse } from "../api-request.ts";
import { putObject, removeObject } from "../change-object.ts";
import { definitionCleanup, definitionResource } from "../controllers/reconcile-definition.ts";
import type { Cluster } from "../cluster.ts";
import type { ResourceType } from "../resource-types.ts";
import {
  type StatusFailure,
  badRequest,
  conflict,
  forbidden,
  notModelled,
} from "../status-failure.ts";
import {
  type StoredObject,
  finalizersOf,
  isDeleting,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  timestamp,
  withMetadata,
} from "../stored-object.ts";
import type { ResourcePath } from "./parse-path.ts";
import { presentList, presentObject, readPresentation } from "./present-object.ts";
import { liveObject } from "./read-objects.ts";
import { isSelected, readSelection } from "./select-objects.ts";
import { byPlace } from "./watch-objects.ts";

interface DeleteOptions {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly propagation: Propagation | "";
  readonly gracePeriodSeconds: number | undefined;
  readonly dryRun: boolean;
}

type Propagation = "Background" | "Foreground" | "Orphan";

/** Deletes one object: a Status when it is gone, the object when something still holds it. */
export function deleteObject(
  cluster: Cluster,
  request: ApiRequest,
  target: ResourcePath,
): ApiResponse {
  const { type, name } = target;
  const presentation = readPresentation(request.accept, cluster.now);
  const options = readDeleteOptions(request);
  const live = liveObject(cluster, target);
  const failed = failedPrecondition(live, options);
  if (failed !== "") throw conflict(type, name, { message: failed });
  if (type.resource === "namespaces" && immortal.has(name)) throw mayNotBeDeleted(target);
  const warnings = jobWarnings(type, options);
  const held = markDeleted(cluster, { type, live, options });
  if (held !== undefined) {
    return { status: 200, body: presentObject(held, type, presentation), warnings };
  }
  const { group, plural } = type;
  const details = { name, ...(group !== "" && { group }), kind: plural, uid: live.metadata.uid };
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return { status: 200, body, warnings };
}

/** What else narrows a list; without it all that is selected is deleted. */
const listOptions = ["limit", "continue", "resourceVersion", "resourceVersionMatch"];

/** Deletes what the selectors select; the answer is the list as it was. */
export function deleteCollection(
  cluster: Cluster,
  request: ApiRequest,
  { type, namespace }: ResourcePath,
): ApiResponse {
  const presentation = readPresentation(request.accept, cluster.now);
  const options = readDeleteOptions(request);
  const listOption = listOptions.find((option) => request.query.has(option));
  if (listOption !== undefined)
    throw notModelled(`the deletion of a collection with ${listOption}`);
  const selection = readSelection(request.query, type.kind);
  const objects = cluster.store
    .all(type.resource, namespace)
    .filter((object) => isSelected(object, selection))
    .toSorted(byPlace);
  for (const live of objects) markDeleted(cluster, { type, live, options });
  const metadata = { resourceVersion: String(cluster.store.version) };
  return { status: 200, body: presentList(objects, type, { presentation, metadata }) };
}

const immortal = new Set(["default", "kube-system", "kube-public"]);

function mayNotBeDeleted({ type, name }: ResourcePath): StatusFailure {
  return forbidden(type, name, { message: "this namespace may not be deleted" });
}

/** Options that make a deletion another one than the model knows; `uid` is the query's precondition. */
const unread = ["orphanDependents", "ignoreStoreReadErrorWithClusterBreakingPotential", "uid"];

/** The options are those of the body, or those of the query where there is none. */
function readDeleteOptions({ body, query }: ApiRequest): DeleteOptions {
  const given = body === undefined ? queryOptions(query) : body;
  if (!isJsonObject(given)) throw notModelled("a deletion with a body that is no object");
  const preconditions = objectOf(given["preconditions"]);
  const propagation = given["propagationPolicy"] ?? "";
  if (!isPropagation(propagation)) {
    const said = JSON.stringify(propagation);
    throw badRequest(`DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: ${said}`);
  }
  const gracePeriodSeconds = given["gracePeriodSeconds"] ?? undefined;
  const dryRun = given["dryRun"] ?? [];
  const isOther = unread.some((option) => (given[option] ?? undefined) !== undefined);
  if (isOther || !isGracePeriod(gracePeriodSeconds) || !isDryRun(dryRun)) {
    throw notModelled(`a deletion with ${JSON.stringify(given)}`);
  }
  return {
    uid: textOf(preconditions["uid"]),
    resourceVersion: textOf(preconditions["resourceVersion"]),
    propagation,
    gracePeriodSeconds,
    dryRun: dryRun.length > 0,
  };
}

/** A query as the body that says the same; what is no number stays a text. */
function queryOptions(query: URLSearchParams): JsonObject {
  const grace = query.get("gracePeriodSeconds") ?? "";
  return {
    ...Object.fromEntries(query),
    ...(/^\d+$/.test(grace) && { gracePeriodSeconds: Number(grace) }),
    dryRun: query.getAll("dryRun"),
  };
}

function isPropagation(value: Json): value is Propagation | "" {
  return ["", "Background", "Foreground", "Orphan"].some((policy) => policy === value);
}

function isGracePeriod(value: Json | undefined): value is number | undefined {
  return value === undefined || (Number.isInteger(value) && Number(value) >= 0);
}

function isDryRun(value: Json): value is string[] {
  return Array.isArray(value) && value.every((one) => one === "All");
}

function failedPrecondition({ metadata }: StoredObject, options: DeleteOptions): string {
  const { uid, resourceVersion } = options;
  if (uid !== "" && uid !== metadata.uid) {
    return `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
  }
  const version = textOf(metadata["resourceVersion"]);
  if (resourceVersion === "" || resourceVersion === version) return "";
  return `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${version}`;
}

/** Jobs of batch/v1 keep their pods unless somebody says otherwise. */
function jobWarnings({ resource }: ResourceType, { propagation }: DeleteOptions): string[] {
  if (resource !== "batch/jobs" || propagation !== "") return [];
  return [
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
  ];
}

interface Deletion {
  readonly type: ResourceType;
  readonly live: StoredObject;
  readonly options: DeleteOptions;
}

/** Removes it, or marks it and gives it back when something holds it. */
function markDeleted(
  cluster: Cluster,
  { type, live, options }: Deletion,
): StoredObject | undefined {
  const finalizers = finalizersFor(type, live, options);
  const graceSeconds = graceOf(type, live, options);
  const isHeld = finalizers.length > 0 || graceSeconds > 0 || type.resource === "namespaces";
  if (!isHeld) {
    if (!options.dryRun) removeObject(cluster, type.resource, live);
    return undefined;
  }
  const isKnown = isDeleting(live) && finalizers.length === finalizersOf(live).length;
  if (isKnown && graceSeconds >= numberOf(live.metadata["deletionGracePeriodSeconds"])) return live;
  const object = marked(cluster, { type, live, options }, { finalizers, graceSeconds });
  return options.dryRun ? object : putObject(cluster, type.resource, object);
}

function marked(
  cluster: Cluster,
  { type, live }: Deletion,
  { finalizers, graceSeconds }: { finalizers: readonly string[]; graceSeconds: number },
): StoredObject {
  const since = timestamp(cluster.now + graceSeconds * 1000);
  const object = withMetadata(live, {
    deletionTimestamp: live.metadata["deletionTimestamp"] ?? since,
    deletionGracePeriodSeconds: graceSeconds,
    finalizers: finalizers.length > 0 ? finalizers : undefined,
    generation: type.hasGeneration ? numberOf(live.metadata["generation"]) + 1 : undefined,
  });
  const status = objectOf(object["status"]);
  if (type.resource === "namespaces") {
    return { ...object, status: { ...status, phase: "Terminating" } };
  }
  if (type.resource !== definitionResource || isDeleting(live)) return object;
  const terminating: JsonObject = {
    type: "Terminating",
    status: "True",
    lastTransitionTime: since,
    reason: "InstanceDeletionPending",
    message:
      "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
  };
  return {
    ...object,
    status: { ...status, conditions: [...objectsOf(status["conditions"]), terminating] },
  };
}

function finalizersFor(
  type: ResourceType,
  live: StoredObject,
  options: DeleteOptions,
): readonly string[] {
  const own = finalizersOf(live);
  const needsCleanup = type.resource === definitionResource && !isDeleting(live);
  const all = needsCleanup ? [...own, definitionCleanup] : own;
  const kept = all.filter(
    (name) => options.propagation === "" || (name !== "orphan" && name !== "foregroundDeletion"),
  );
  const isOrphanByDefault = type.resource === "batch/jobs" && options.propagation === "";
  if (options.propagation === "Orphan" || isOrphanByDefault) return [...kept, "orphan"];
  return options.propagation === "Foreground" ? [...kept, "foregroundDeletion"] : kept;
}

/** Only pods have a grace period, and only once they have a node that must end them. */
function graceOf(type: ResourceType, live: StoredObject, options: DeleteOptions): number {
  if (type.resource !== "pods") return 0;
  const spec = objectOf(live["spec"]);
  const status = objectOf(live["status"]);
  const isRunning =
    textOf(spec["nodeName"]) !== "" && !["Succeeded", "Failed"].includes(textOf(status["phase"]));
  if (!isRunning) return 0;
  return options.gracePeriodSeconds ?? numberOf(spec["terminationGracePeriodSeconds"], 30);
}
