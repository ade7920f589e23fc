/**
 * A TCP proxy with switchable faults, for what must not be opened (TLS to a real API server, any protocol): the link
 * between a worker and the controller in the demo, and links in tests.
 *
 *   const proxy = await startTcpFaultProxy({ host: "127.0.0.1", port: 6443 });
 *   proxy.fail({ kind: "reset", afterBytes: 5000 });   // each connection, after so many bytes to the client
 *   proxy.fail({ kind: "refuse" });                    // reset when a connection comes in
 *   proxy.fail({ kind: "hang" });                      // taken, never answered; open ones stop as well
 *   proxy.fail({ kind: "slow", delayMs: 200 });        // each chunk to the client is late
 *   proxy.heal();  proxy.dropConnections();  proxy.connections();  await proxy.close();
 *
 * `dropConnections` resets all open connections: with `refuse` this is a cut network. Unref'ed.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

type TcpFault =
  | { readonly kind: "refuse" }
  | { readonly kind: "hang" }
  | { readonly kind: "reset"; readonly afterBytes: number }
  | { readonly kind: "slow"; readonly delayMs: number };

interface TcpTarget {
  readonly host: string;
  readonly port: number;
}

export interface TcpFaultProxy {
  readonly port: number;
  readonly host: string;
  fail(fault: TcpFault): void;
  heal(): void;
  /** New connections go there from now on. */
  redirect(target: TcpTarget): void;
  /** Connections that came in since the start (refused ones too). */
  connections(): number;
  /** Resets every open connection, once. */
  dropConnections(): void;
  close(): Promise<void>;
}

/** Starts listening on a free port of this machine. */
export async function startTcpFaultProxy(first: TcpTarget): Promise<TcpFaultProxy> {
  let target = first;
  let fault: TcpFault | undefined;
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    connections += 1;
    client.on("error", () => undefined);
    if (fault?.kind === "refuse") {
      client.resetAndDestroy();
      return;
    }
    open.add(client);
    client.once("close", () => open.delete(client));
    relay(client, connect(target.port, target.host), () => fault);
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const dropConnections = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    host: "127.0.0.1",
    // A listening TCP server has an AddressInfo.
    port: (server.address() as AddressInfo).port,
    dropConnections,
    redirect: (next) => {
      target = next;
    },
    connections: () => connections,
    fail: (next) => {
      fault = next;
    },
    heal: () => {
      fault = undefined;
    },
    close: () =>
      new Promise((resolve) => {
        dropConnections();
        server.close(() => resolve());
      }),
  };
}

function relay(client: Socket, upstream: Socket, current: () => TcpFault | undefined): void {
  let sent = 0;
  /** Chunks that are late. */
  let pending = 0;
  upstream.on("error", () => client.destroy());
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => {
    if (pending === 0) client.end();
  });
  client.on("data", (chunk) => {
    // A network that swallows bytes: nothing of a hanging connection is made up for later.
    if (current()?.kind !== "hang") upstream.write(chunk);
  });
  upstream.on("data", (chunk: Buffer) => {
    const fault = current();
    if (fault?.kind === "hang") return;
    if (fault?.kind === "slow") {
      pending += 1;
      setTimeout(() => {
        pending -= 1;
        client.write(chunk);
        if (upstream.destroyed && pending === 0) client.end();
      }, fault.delayMs);
      return;
    }
    const left = fault?.kind === "reset" ? fault.afterBytes - sent : Number.POSITIVE_INFINITY;
    sent += chunk.length;
    if (chunk.length <= left) client.write(chunk);
    else client.write(chunk.subarray(0, Math.max(0, left)), () => client.resetAndDestroy());
  });
}
