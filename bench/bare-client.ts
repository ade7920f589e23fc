/**
 * The floor: a client that sends applies over kept connections and does nothing else. It reads each answer whole, checks
 * its status, and forgets it.
 */
import { Pool } from "undici";

/** One apply, ready to be sent: the path below the cluster's URL, and the body as it goes out. */
export interface ReadyApply {
  readonly path: string;
  readonly body: string;
}

export interface BareClient extends AsyncDisposable {
  /** Creates a namespace in every cluster. */
  createNamespaces(name: string): Promise<void>;
  /** Sends all applies to every cluster; gives the wall time that it took (ms). Throws when one is refused. */
  applyEverywhere(applies: readonly ReadyApply[]): Promise<number>;
}

/** Requests under way at once, over all clusters. */
const inFlight = 128;

/** How the clusters are reached; `ca` for https. */
interface BareAccess {
  readonly token: string;
  readonly ca?: string;
  /** To each address at most; default as many as there are requests under way. */
  readonly connections?: number;
}

/** A client of the clusters at these URLs. Connections are opened by the first requests and kept. */
export function createBareClient(
  servers: Iterable<string>,
  { token, ca, connections = inFlight }: BareAccess,
): BareClient {
  const connect = ca === undefined ? {} : { connect: { ca } };
  const options = { connections, allowH2: false, keepAliveTimeout: 60_000, ...connect };
  const pools = new Map<string, Pool>();
  const targets = [...servers].map((server) => {
    const { origin, pathname } = new URL(server);
    const pool = pools.get(origin) ?? new Pool(origin, options);
    pools.set(origin, pool);
    return { pool, base: pathname.replace(/\/$/, "") };
  });
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json",
    "content-type": "application/apply-patch+yaml",
  };
  const send = async (target: (typeof targets)[number], apply: ReadyApply): Promise<void> => {
    const path = `${target.base}${apply.path}`;
    const answer = await target.pool.request({ method: "PATCH", path, headers, body: apply.body });
    const text = await answer.body.text();
    if (answer.statusCode > 201) throw new Error(`${path}: ${answer.statusCode} ${text}`);
  };
  return {
    createNamespaces: async (name) => {
      const body = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      const own = { ...headers, "content-type": "application/json" };
      for (const { pool, base } of targets) {
        const path = `${base}/api/v1/namespaces`;
        const answer = await pool.request({ method: "POST", path, headers: own, body });
        const text = await answer.body.text();
        if (answer.statusCode !== 201) throw new Error(`${path}: ${answer.statusCode} ${text}`);
      }
    },
    applyEverywhere: async (applies) => {
      const started = performance.now();
      let next = 0;
      const total = targets.length * applies.length;
      const sender = async (): Promise<void> => {
        for (let index = next++; index < total; index = next++) {
          const target = targets[Math.floor(index / applies.length)];
          const apply = applies[index % applies.length];
          if (target !== undefined && apply !== undefined) await send(target, apply);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, sender));
      return performance.now() - started;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}
