/** Free TCP ports on 127.0.0.1 that stay free while their server is stopped. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the ports that Linux (32768-) and macOS (49152-) give to outgoing connections: otherwise
// one of those could take the port of a stopped API server.
const lowest = 20_000;
const highest = 32_000;
const attempts = 200;

/** Picks a port nobody listens on, other than those in `taken`, and adds it there. */
export async function freePort(taken: Set<number>): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (taken.has(port) || !(await canListen(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`no free port found on 127.0.0.1 between ${lowest} and ${highest}`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
