import { FleetError } from "../../core/errors.ts";
import { type Json, type JsonObject, isJsonObject } from "../../core/model/json.ts";
import { type KubeObject, describeKey } from "../../core/model/kube-object.ts";
import { type ObjectAddress, addressOf } from "./object-address.ts";
import { type RequestSubject, UnknownKindError } from "./api-error.ts";
import {
  type ApiAnswer,
  type ClusterAddress,
  type Connection,
  createConnection,
} from "./connection.ts";
import {
  type ApiResource,
  type Discovery,
  collectionPath,
  createDiscovery,
  parseServerVersion,
} from "./discovery.ts";
import type { ApiRequest } from "./exchange.ts";
import {
  asKubeObject,
  expectKubeObject,
  expectObject,
  isAbsence,
  isStatus,
  metadataOf,
  notAnObject,
} from "./read-answer.ts";

/** Server-side apply. `force` takes fields from other managers. */
interface ApplyOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  /** The object as JSON, where it was encoded before. */
  readonly text?: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a list asks for; `limit` bounds a page (default 500), the whole is refused beyond 20,000. */
interface ListOptions {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly limit?: number;
  /** Only a sample is wanted: no page is asked once there are so many. */
  readonly sample?: number;
  /** Of each object only the metadata are sent. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The live object must still be this one. */
interface DeletePreconditions {
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** Who a cluster is, and over which generation of the connection it said so. */
interface ClusterIdentity {
  readonly uid: string;
  readonly generation: number;
}

/**
 * One cluster. Nothing but reads is sent before `pin`, or after the connection has changed. Failures are FleetErrors: ApiError where the API server refused, CLUSTER_UNREACHABLE where no whole
 * answer came, CLUSTER_AUTH for credentials, and UnknownKindError for kinds that the cluster does not
 * serve. An abort throws the signal's reason.
 */
export interface ClusterClient {
  /** UID of the namespace kube-system: what makes the cluster this one. */
  identity(signal?: AbortSignal): Promise<ClusterIdentity>;
  /** Allows writes, until the connection changes: the cluster behind it was recognised by its identity. */
  pin(identity: ClusterIdentity): void;
  /** Called before a write over a connection that is not pinned: it must ask who the cluster is and pin it, or throw. */
  onUnpinned(recognise: (signal?: AbortSignal) => Promise<void>): void;
  /** How a kind is addressed; undefined when the cluster does not serve it. */
  resource(
    apiVersion: string,
    kind: string,
    signal?: AbortSignal,
  ): Promise<ApiResource | undefined>;
  /** The version in which a kind is served now, where only its group is known; undefined: it is not served. */
  version(group: string, kind: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Which Kubernetes it is, such as `v1.36.4`; undefined: it does not tell. */
  serverVersion(signal?: AbortSignal): Promise<string | undefined>;
  /** The live object, null when there is none. */
  get(address: ObjectAddress, signal?: AbortSignal): Promise<KubeObject | null>;
  /** All objects of a kind, page by page. A list that is cut off by a failure is the failure, never part of the list. */
  list(options: ListOptions): Promise<readonly KubeObject[]>;
  /** Server-side apply: gives the live object. */
  apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject>;
  /** Creates an object; an ApiError with reason AlreadyExists when there is one. */
  create(object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  /** A JSON merge patch: gives the live object. */
  mergePatch(address: ObjectAddress, patch: JsonObject, signal?: AbortSignal): Promise<KubeObject>;
  /** Deletes in the background. "gone": it is away or was not there; "going": something still holds it. */
  delete(
    address: ObjectAddress,
    preconditions: DeletePreconditions,
    signal?: AbortSignal,
  ): Promise<"gone" | "going">;
  /** Changes whenever another cluster may stand behind the address: identity must then be asked again. */
  generation(): number;
  /** Forgets which kinds there are. */
  forgetKinds(): void;
  close(): Promise<void>;
}

/** Opens a cluster. Nothing is read or sent before the first call. */
export function openCluster(address: ClusterAddress): ClusterClient {
  return clusterOver(createConnection(address));
}

/** A cluster behind any connection. */
export function clusterOver(connection: Connection): ClusterClient {
  const discovery = createDiscovery(async (path, signal) => {
    const answer = await connection.send({ method: "GET", path, signal });
    // The API server answers a path that it does not serve with a bare 404, without a Status.
    if (answer.status === 404) return undefined;
    return expectObject(answer, () => ({
      verb: "read",
      describe: `the kinds of ${path}`,
      secret: false,
    }));
  });
  const context: Context = { connection, discovery };
  return {
    identity: (signal) => readIdentity(context, signal),
    pin: ({ generation }) => connection.pin(generation),
    onUnpinned: (recognise) => connection.onUnpinned(recognise),
    resource: (apiVersion, kind, signal) => discovery.find(apiVersion, kind, signal),
    version: (group, kind, signal) => discovery.version(group, kind, signal),
    serverVersion: async (signal) =>
      parseServerVersion(await connection.send({ method: "GET", path: "/version", signal })),
    get: (target, signal) => getObject(context, target, signal),
    list: (options) => listObjects(context, options),
    apply: (object, options) => applyObject(context, object, options),
    create: (object, signal) => createObject(context, object, signal),
    mergePatch: (target, patch, signal) => patchObject(context, target, { patch, signal }),
    delete: (target, preconditions, signal) =>
      deleteObject(context, target, { preconditions, signal }),
    generation: () => connection.generation(),
    forgetKinds: () => discovery.forget(),
    close: () => connection.close(),
  };
}

interface Context {
  readonly connection: Connection;
  readonly discovery: Discovery;
}

async function readIdentity(
  { connection }: Context,
  signal?: AbortSignal,
): Promise<ClusterIdentity> {
  const answer = await connection.send({
    method: "GET",
    path: "/api/v1/namespaces/kube-system",
    signal,
  });
  const subject = { verb: "read", describe: "Namespace kube-system", secret: false };
  const uid = metadataOf(expectObject(answer, () => subject))["uid"];
  if (typeof uid === "string" && uid !== "") return { uid, generation: answer.generation };
  throw new FleetError("CLUSTER_UNREACHABLE", "Namespace kube-system was answered without a uid");
}

/** A request to objects. A 404 that is no Status: the kind that was remembered is not served (there) any more. */
async function send({ connection, discovery }: Context, request: ApiRequest): Promise<ApiAnswer> {
  const answer = await connection.send(request);
  if (answer.status === 404 && !isStatus(answer)) discovery.forget();
  return answer;
}

async function getObject(
  context: Context,
  target: ObjectAddress,
  signal?: AbortSignal,
): Promise<KubeObject | null> {
  const path = await objectPath(context, target, signal);
  const answer = await send(context, { method: "GET", path, signal });
  if (isAbsence(answer)) return null;
  return expectKubeObject(answer, () => subjectOf("read", target));
}

const maxListed = 20_000;
/** What cannot give metadata alone gives the objects. */
const metadataForm =
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

async function listObjects(context: Context, options: ListOptions): Promise<readonly KubeObject[]> {
  const { apiVersion, kind } = options;
  const found = await context.discovery.find(apiVersion, kind, options.signal);
  if (found === undefined) throw new UnknownKindError(apiVersion, kind);
  const path = collectionPath(apiVersion, found, options.namespace ?? "");
  const objects: KubeObject[] = [];
  let next = "";
  do {
    const page = await listPage(context, { path, next }, options);
    for (const object of page.items) objects.push(object);
    next = page.next;
    if (objects.length >= (options.sample ?? Number.POSITIVE_INFINITY)) return objects;
    if (objects.length > maxListed) {
      throw new FleetError("API_REFUSED", `there are too many ${kind} objects to list`);
    }
  } while (next !== "");
  return objects;
}

async function listPage(
  context: Context,
  { path, next }: { readonly path: string; readonly next: string },
  { apiVersion, kind, limit = 500, labelSelector, metadataOnly = false, signal }: ListOptions,
): Promise<{ items: readonly KubeObject[]; next: string }> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (labelSelector !== undefined) query.set("labelSelector", labelSelector);
  if (next !== "") query.set("continue", next);
  const url = `${path}?${query.toString()}`;
  const form = metadataOnly ? { accept: metadataForm } : {};
  const answer = await send(context, { method: "GET", path: url, signal, ...form });
  const subject = (): RequestSubject => ({
    verb: "list",
    describe: `${kind} objects`,
    secret: kind === "Secret",
  });
  const page = expectObject(answer, subject);
  const { items } = page;
  // Go writes an empty list as [] or null; anything else is no list, and no reason to believe in absence.
  if (items !== null && !Array.isArray(items)) throw notAnObject(answer.status, subject());
  const objects = (items ?? []).filter((item: Json) => isJsonObject(item));
  const following = metadataOf(page)["continue"];
  return {
    items: objects.map((item) => asKubeObject({ ...item, apiVersion, kind }, subject)),
    next: typeof following === "string" ? following : "",
  };
}

async function applyObject(
  context: Context,
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
  return expectKubeObject(answer, () => subjectOf("apply", target));
}

async function createObject(
  context: Context,
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
  return expectKubeObject(answer, () => subjectOf("create", target));
}

async function patchObject(
  context: Context,
  target: ObjectAddress,
  options: { readonly patch: JsonObject; readonly signal: AbortSignal | undefined },
): Promise<KubeObject> {
  const answer = await send(context, {
    method: "PATCH",
    path: `${await objectPath(context, target, options.signal)}?fieldManager=flotilla`,
    contentType: "application/merge-patch+json",
    body: JSON.stringify(options.patch),
    signal: options.signal,
  });
  return expectKubeObject(answer, () => subjectOf("change", target));
}

async function deleteObject(
  context: Context,
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
  const body = expectObject(answer, () => subjectOf("delete", target));
  // A Status means that it is away; the object itself, that finalizers or a grace period hold it.
  return body["kind"] === "Status" ? "gone" : "going";
}

async function objectPath(
  context: Context,
  target: ObjectAddress,
  signal?: AbortSignal,
): Promise<string> {
  const base = collectionPath(
    target.apiVersion,
    await resourceOf(context, target, signal),
    target.namespace,
  );
  return `${base}/${encodeURIComponent(target.name)}`;
}

/** Where the cluster keeps objects of this kind; an object of the wrong scope would be another one there. */
async function resourceOf(
  context: Context,
  target: ObjectAddress,
  signal?: AbortSignal,
): Promise<ApiResource> {
  const { apiVersion, kind, namespace } = target;
  const found = await context.discovery.find(apiVersion, kind, signal);
  if (found === undefined) throw new UnknownKindError(apiVersion, kind);
  if (found.namespaced === (namespace !== "")) return found;
  const where = found.namespaced ? "in namespaces only" : "without namespaces";
  throw new FleetError(
    "API_REFUSED",
    `${describeKey({ ...target, group: "" })}: the cluster has ${kind} ${where}`,
    { hint: `${found.namespaced ? "give it" : "take out"} metadata.namespace` },
  );
}

function subjectOf(verb: string, target: ObjectAddress): RequestSubject {
  const describe = describeKey({ ...target, group: "" });
  return { verb, describe, secret: target.kind === "Secret" };
}
