import { FleetError } from "../../core/errors.ts";
import { type Json, isJsonObject } from "../../core/model/json.ts";
import type { KubeObject } from "../../core/model/kube-object.ts";
import { type RequestSubject, UnknownKindError } from "./api-error.ts";
import { type ClusterAddress, type Connection, createConnection } from "./connection.ts";
import {
  type ApiResource,
  collectionPath,
  createDiscovery,
  parseServerVersion,
} from "./discovery.ts";
import type { ApiRequest } from "./exchange.ts";
import type { ObjectAddress } from "./object-address.ts";
import {
  type Requests,
  type ServiceAccount,
  objectPath,
  send,
  subjectOf,
} from "./object-requests.ts";
import {
  asKubeObject,
  expectKubeObject,
  expectObject,
  isAbsence,
  metadataOf,
  notAnObject,
} from "./read-answer.ts";
import { type ClusterWriter, checkedAccount, writesOf } from "./write-objects.ts";

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

/** Who a cluster is, and over which generation of the connection it said so. */
interface ClusterIdentity {
  readonly uid: string;
  readonly generation: number;
}

/** What asks a cluster and changes nothing there. */
export interface ClusterReader {
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
  /** The same to be sent again: integers beyond 2^53 keep their digits (`parseExactly`). */
  getExactly(address: ObjectAddress, signal?: AbortSignal): Promise<KubeObject | null>;
  /** All objects of a kind, page by page. A list that is cut off by a failure is the failure, never part of the list. */
  list(options: ListOptions): Promise<readonly KubeObject[]>;
  /** Forgets which kinds there are. */
  forgetKinds(): void;
}

/**
 * One cluster. Nothing but reads is sent before `pin`, or after the connection has changed. Failures are FleetErrors: ApiError where the API server refused, CLUSTER_UNREACHABLE where no whole
 * answer came, CLUSTER_AUTH for credentials, and UnknownKindError for kinds that the cluster does not
 * serve. An abort throws the signal's reason.
 */
export interface ClusterClient extends ClusterReader, ClusterWriter {
  /** UID of the namespace kube-system: what makes the cluster this one. */
  identity(signal?: AbortSignal): Promise<ClusterIdentity>;
  /** Allows writes, until the connection changes: the cluster behind it was recognised by its identity. */
  pin(identity: ClusterIdentity): void;
  /** Called before a write over a connection that is not pinned: it must ask who the cluster is and pin it, or throw. */
  onUnpinned(recognise: (signal?: AbortSignal) => Promise<void>): void;
  /** Writes over the same connection as a service account, by impersonation: with its rights, and no other. */
  as(account: ServiceAccount): ClusterWriter;
  /** Changes whenever another cluster may stand behind the address: identity must then be asked again. */
  generation(): number;
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
  const context: Requests = { connection, discovery };
  return {
    identity: (signal) => readIdentity(context, signal),
    pin: ({ generation }) => connection.pin(generation),
    onUnpinned: (recognise) => connection.onUnpinned(recognise),
    resource: (apiVersion, kind, signal) => discovery.find(apiVersion, kind, signal),
    version: (group, kind, signal) => discovery.version(group, kind, signal),
    serverVersion: async (signal) =>
      parseServerVersion(await connection.send({ method: "GET", path: "/version", signal })),
    get: (target, signal) => getObject(context, target, { signal }),
    getExactly: (target, signal) => getObject(context, target, { signal, isExact: true }),
    list: (options) => listObjects(context, options),
    ...writesOf(context),
    as: (account) => writesOf({ ...context, account: checkedAccount(account) }),
    generation: () => connection.generation(),
    forgetKinds: () => discovery.forget(),
    close: () => connection.close(),
  };
}

async function readIdentity(
  { connection }: Requests,
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

async function getObject(
  context: Requests,
  target: ObjectAddress,
  options: Pick<ApiRequest, "signal" | "isExact">,
): Promise<KubeObject | null> {
  const path = await objectPath(context, target, options.signal);
  const answer = await send(context, { method: "GET", path, ...options });
  if (isAbsence(answer)) return null;
  return expectKubeObject(answer, () => subjectOf("read", target, context));
}

const maxListed = 20_000;
/** What cannot give metadata alone gives the objects. */
const metadataForm =
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

async function listObjects(
  context: Requests,
  options: ListOptions,
): Promise<readonly KubeObject[]> {
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
  context: Requests,
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
