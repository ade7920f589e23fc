/** A port of a cluster's own: while the cluster refuses, nothing listens there, as on a machine that is down. */
import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers a request; its URL begins with the path of the API. */
type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** A port that can be closed and opened again. */
export interface OwnPort {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** Connections are refused from now on, and those that stand are cut. */
  close(): void;
  /** Listens again at the same port. */
  open(): void;
}

/** Takes a free port of `host`. */
export async function openOwnPort(host: string, listener: Listener): Promise<OwnPort> {
  let server = listen(host, 0, listener);
  await once(server, "listening");
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
    open: () => {
      if (!server.listening) server = listen(host, port, listener);
    },
  };
}

/** Thousands of clusters listen on one port, and all that want a connection may come at once: with Node's 511 they are dropped. */
const backlog = 16_384;

/** An HTTP server as the simulator wants it; it listens soon. */
export function listen(host: string, port: number, listener: Listener): Server {
  const server = createServer(listener);
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  server.listen(port, host, backlog);
  return server;
}
