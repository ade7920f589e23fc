/** Writes to a cluster: each is one request, as the worker or as a service account. */
import { FleetError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/model/json.ts";
import type { KubeObject } from "../../core/model/kube-object.ts";
import { collectionPath } from "./discovery.ts";
import { type ObjectAddress, addressOf } from "./object-address.ts";
import {
  type Requests,
  type ServiceAccount,
  objectPath,
  resourceOf,
  send,
  subjectOf,
} from "./object-requests.ts";
import { expectKubeObject, expectObject, isAbsence } from "./read-answer.ts";

/** Server-side apply. `force` takes fields from other managers. */
interface ApplyOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  /** The object as JSON, where it was encoded before. */
  readonly text?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The live object must still be this one. */
interface DeletePreconditions {
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** What writes to a cluster, dry runs included. */
export interface ClusterWriter {
  /** Server-side apply: gives the live object. */
  apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject>;
  /** Creates an object; an ApiError with reason AlreadyExists when there is one. */
  create(object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  /** A JSON merge patch: gives the live object. */
  mergePatch(address: ObjectAddress, patch: JsonObject, signal?: AbortSignal): Promise<KubeObject>;
  /** The same as a dry run: gives the object as it would be. */
  tryPatch(address: ObjectAddress, patch: JsonObject, signal?: AbortSignal): Promise<KubeObject>;
  /** Deletes in the background. "gone": it is away or was not there; "going": something still holds it. */
  delete(
    address: ObjectAddress,
    preconditions: DeletePreconditions,
    signal?: AbortSignal,
  ): Promise<"gone" | "going">;
}

/** Writes as whom the context says. */
export function writesOf(context: Requests): ClusterWriter {
  return {
    apply: (object, options) => applyObject(context, object, options),
    create: (object, signal) => createObject(context, object, signal),
    mergePatch: (target, patch, signal) =>
      patchObject(context, target, { patch, signal, dryRun: "" }),
    tryPatch: (target, patch, signal) =>
      patchObject(context, target, { patch, signal, dryRun: "&dryRun=All" }),
    delete: (target, preconditions, signal) =>
      deleteObject(context, target, { preconditions, signal }),
  };
}

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const accountNames = new RegExp(`^${label} ${label}(\\.${label})*$`, "u");

/** It becomes a header: anything but names of Kubernetes would be somebody else, or no header at all. */
export function checkedAccount(account: ServiceAccount): ServiceAccount {
  const { namespace, name } = account;
  const isLong = namespace.length > 63 || name.length > 253;
  if (!isLong && accountNames.test(`${namespace} ${name}`)) return account;
  const shown = JSON.stringify(`${namespace}/${name}`.slice(0, 100));
  throw new FleetError("API_REFUSED", `${shown} is no service account`, {
    hint: "correct `serviceAccountName` of the App",
  });
}

async function applyObject(
  context: Requests,
  object: KubeObject,
  options: ApplyOptions,
): Promise<KubeObject> {
  const target = addressOf(object);
  const force = options.force === true ? "&force=true" : "";
  const dryRun = options.dryRun === true ? "&dryRun=All" : "";
  const query = `fieldManager=${encodeURIComponent(options.fieldManager)}${force}${dryRun}`;
  const path = `${await objectPath(context, target, options.signal)}?${query}`;
  const answer = await send(context, {
    method: "PATCH",
    path,
    contentType: "application/apply-patch+yaml",
    body: options.text ?? JSON.stringify(object),
    signal: options.signal,
  });
  return expectKubeObject(answer, () => subjectOf("apply", target, context));
}

async function createObject(
  context: Requests,
  object: KubeObject,
  signal?: AbortSignal,
): Promise<KubeObject> {
  const target = addressOf(object);
  const found = await resourceOf(context, target, signal);
  const path = `${collectionPath(target.apiVersion, found, target.namespace)}?fieldManager=flotilla`;
  const answer = await send(context, {
    method: "POST",
    path,
    body: JSON.stringify(object),
    signal,
  });
  return expectKubeObject(answer, () => subjectOf("create", target, context));
}

async function patchObject(
  context: Requests,
  target: ObjectAddress,
  options: {
    readonly patch: JsonObject;
    readonly signal: AbortSignal | undefined;
    readonly dryRun: "" | "&dryRun=All";
  },
): Promise<KubeObject> {
  const query = `fieldManager=flotilla${options.dryRun}`;
  const answer = await send(context, {
    method: "PATCH",
    path: `${await objectPath(context, target, options.signal)}?${query}`,
    contentType: "application/merge-patch+json",
    body: JSON.stringify(options.patch),
    signal: options.signal,
  });
  return expectKubeObject(answer, () => subjectOf("change", target, context));
}

async function deleteObject(
  context: Requests,
  target: ObjectAddress,
  options: {
    readonly preconditions: DeletePreconditions;
    readonly signal: AbortSignal | undefined;
  },
): Promise<"gone" | "going"> {
  const answer = await send(context, {
    method: "DELETE",
    path: await objectPath(context, target, options.signal),
    body: JSON.stringify({
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: "Background",
      preconditions: options.preconditions,
    }),
    signal: options.signal,
  });
  if (isAbsence(answer)) return "gone";
  const body = expectObject(answer, () => subjectOf("delete", target, context));
  // A Status means that it is away; the object itself, that finalizers or a grace period hold it.
  return body["kind"] === "Status" ? "gone" : "going";
}
