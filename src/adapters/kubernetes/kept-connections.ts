import { Client, buildConnector } from "undici";
import type { ClusterCredentials } from "./credentials.ts";

/** Connections to one server, each with one request at a time. */
export interface KeptConnections {
  /** The free one that was used last, so that the others fall asleep and are closed; a new one where none is free. */
  take(): Client;
  giveBack(connection: Client): void;
  /** What is under way ends by itself. */
  close(): Promise<void>;
  destroy(): Promise<void>;
}

interface Options {
  readonly connectTimeoutMs: number;
  /** A connection has ended, whichever side has ended it. */
  readonly onEnd: () => void;
}

const idleMs = 60_000;

/**
 * Opens none yet. There are never more than there were requests at once: a pool that looks for a connection before the
 * one that has just answered is free again, as undici's own does, comes to have twice as many, and with a thousand
 * clusters most of the memory is theirs.
 */
export function keepConnections(
  { origin, tls }: Pick<ClusterCredentials, "origin" | "tls">,
  { connectTimeoutMs, onEnd }: Options,
): KeptConnections {
  // One for all: a session of TLS is taken up again by the next connection.
  const connect = buildConnector({ ...tls, timeout: connectTimeoutMs, allowH2: false });
  const all: Client[] = [];
  const free: Client[] = [];
  const open = (): Client => {
    const client = new Client(origin, {
      connect,
      // One request at a time on each connection costs both sides less than the streams of HTTP/2.
      allowH2: false,
      // One time for the whole request: exchange keeps it.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
    });
    client.on("disconnect", onEnd);
    all.push(client);
    return client;
  };
  return {
    take: () => free.pop() ?? open(),
    giveBack: (connection) => {
      // One that hangs, with a request that nobody waits for any more, is the last to be taken.
      if (connection.stats.pending > 0) free.unshift(connection);
      else free.push(connection);
    },
    close: async () => void (await Promise.all(all.map((client) => client.close()))),
    destroy: async () => void (await Promise.all(all.map((client) => client.destroy()))),
  };
}
