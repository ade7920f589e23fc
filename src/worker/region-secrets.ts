import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { FleetError } from "../core/errors.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import type { Clock } from "../runtime/clock.ts";

/** Secrets of the region's cluster, by name. */
export interface RegionSecrets {
  /**
   * SECRET_UNAVAILABLE where it is not there or may not be read. What came of it is kept for some seconds. While the
   * region's cluster cannot be reached, it is asked once in a while and nobody else waits for it.
   */
  get(name: string, signal: AbortSignal): Promise<KubeObject>;
}

/** Many sites get the same Secret at once. */
const keptMs = 3000;
const maxKept = 1000;
/** Time between two attempts at a cluster that cannot be reached: as long as one of them may take. */
const downMs = 15_000;

/** Reads Secrets of one namespace; of no other, whatever the fleet repository says. */
export function regionSecretsOf(
  source: { readonly client: ClusterClient; readonly namespace: string } | undefined,
  clock: Clock,
): RegionSecrets {
  const kept = new Map<string, { readonly at: number; readonly secret: Promise<KubeObject> }>();
  let down: { readonly at: number; readonly cause: FleetError } | undefined;
  const noteEnd = (error?: unknown): void => {
    const cause = whyDown(error);
    down = cause === undefined ? undefined : { at: clock.monotonic(), cause };
  };
  return {
    async get(name, signal) {
      if (source === undefined) {
        const hint = "set regionSecrets in the worker's configuration";
        throw unavailable("this worker has no access to Secrets of its region", { hint });
      }
      const now = clock.monotonic();
      if (down !== undefined) {
        if (now - down.at < downMs) throw unread(source.namespace, name, down.cause);
        down = { ...down, at: now };
      }
      for (const [key, { at }] of kept) {
        if (now - at < keptMs && kept.size < maxKept) break;
        kept.delete(key);
      }
      const known = kept.get(name);
      if (known !== undefined) return orAborted(known.secret, signal);
      const secret = read(source, name);
      kept.set(name, { at: now, secret });
      secret.then(() => noteEnd(), noteEnd);
      return orAborted(secret, signal);
    },
  };
}

/** One site's end is not that of the others who wait for the same. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, ended.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** Bounded by the time for one request. */
async function read(
  { client, namespace }: { readonly client: ClusterClient; readonly namespace: string },
  name: string,
): Promise<KubeObject> {
  let found: KubeObject | null;
  try {
    found = await client.get({ apiVersion: "v1", kind: "Secret", namespace, name });
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    throw unread(namespace, name, error);
  }
  if (found !== null) return found;
  const hint = `make it there, or correct \`from\` in \`secrets\` of the App`;
  throw unavailable(`the region's cluster has no Secret ${namespace}/${name}`, { hint });
}

function unread(namespace: string, name: string, cause: FleetError): FleetError {
  const hint = `the worker needs the right to get Secrets in the namespace ${namespace} there`;
  const message = `Secret ${namespace}/${name} of the region's cluster cannot be read: ${cause.message}`;
  return unavailable(message, { cause, hint: cause.hint ?? hint });
}

/** Why no Secret of the region can be read now, where this is of its cluster and not of one Secret. */
export function whyDown(error: unknown): FleetError | undefined {
  if (!(error instanceof FleetError) || !(error.cause instanceof FleetError)) return undefined;
  const { cause } = error;
  return cause.code === "CLUSTER_UNREACHABLE" || cause.code === "CLUSTER_AUTH" ? cause : undefined;
}

export function unavailable(
  message: string,
  options: { readonly cause?: unknown; readonly hint?: string },
): FleetError {
  return new FleetError("SECRET_UNAVAILABLE", message, options);
}
