/** How requests to one API server are paced, on the wire. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UnansweredError } from "../../../src/adapters/kubernetes/api-error.ts";
import { type Connection, createConnection } from "../../../src/adapters/kubernetes/connection.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { createCertificate } from "../../support/certificate.ts";

interface Told {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly afterMs?: number;
  /** Not before that. */
  readonly when?: Promise<void>;
}

describe("requests to an API server", { timeout: 60_000 }, () => {
  let server: Server;
  let connection: Connection;
  let dir: string;
  let port: number;
  /** When each request came, and how many were under way then. */
  let seen: { readonly at: number; readonly underWay: number; readonly token: string }[];
  let tell: (request: IncomingMessage, index: number) => Told | "nothing" | "reset";

  beforeEach(async () => {
    seen = [];
    tell = () => ({ status: 200 });
    let underWay = 0;
    server = createServer((request, response) => {
      underWay += 1;
      response.on("close", () => (underWay -= 1));
      const token = request.headers.authorization ?? "";
      seen.push({ at: performance.now(), underWay, token });
      const told = tell(request, seen.length);
      if (told === "nothing") return;
      if (told === "reset") {
        request.socket.destroy();
        return;
      }
      void (told.when ?? delay(told.afterMs ?? 0)).then(() =>
        response.writeHead(told.status, told.headers ?? {}).end(told.body ?? "{}"),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // A listening TCP server has an AddressInfo.
    port = (server.address() as AddressInfo).port;
    dir = await mkdtemp(join(tmpdir(), "flotilla-flow-"));
  });
  afterEach(async () => {
    await connection.close();
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true, force: true });
  });

  const login = async (token: string): Promise<void> => {
    await writeFile(join(dir, "kubeconfig"), kubeconfig(port, { token }));
  };
  const open = async (timeoutMs: number): Promise<void> => {
    await login("first");
    const path = join(dir, "kubeconfig");
    connection = createConnection({ kubeconfig: { path }, timeoutMs, clock: systemClock() });
  };
  const get = (path = "/x"): ReturnType<Connection["send"]> =>
    connection.send({ method: "GET", path });
  const many = (count: number) => Promise.allSettled(Array.from({ length: count }, () => get()));
  const failures = async (work: ReturnType<typeof many>): Promise<unknown[]> =>
    (await work).flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));

  it("leaves it alone for as long as it asks, and sends again what it did not take", async () => {
    await open(20_000);
    tell = (_, index) =>
      index <= 4 ? { status: 429, headers: { "retry-after": "1" } } : { status: 200 };

    expect(await failures(many(10))).toEqual([]);
    expect(seen).toHaveLength(14);
    // Four were under way; whatever came after them waited.
    const [first = 0, ...others] = seen.map(({ at }) => at);
    expect(others.slice(3).filter((at) => at - first < 950)).toEqual([]);
  });

  it("waits ever longer where it asks without saying for how long", async () => {
    await open(20_000);
    tell = (_, index) => (index <= 2 ? { status: 429, body: "busy" } : { status: 200 });

    expect(await get()).toMatchObject({ status: 200 });
    const [first = 0, second = 0, third = 0] = seen.map(({ at }) => at);
    expect(second - first).toBeGreaterThan(240);
    expect(third - second).toBeGreaterThan(240);
  });

  it("tells all that wait once when it asks for longer than a request may take", async () => {
    await open(30_000);
    tell = () => ({ status: 429, headers: { "retry-after": "300" }, body: "busy" });

    const began = performance.now();
    const told = await failures(many(20));
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(seen.length).toBeLessThanOrEqual(4);
    expect(told).toHaveLength(20);
    for (const one of told) expect(one).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    expect(String(told[0])).toMatch(/has too many requests \(429\)/);
  });

  it("gets fewer at once when it asks for that, and more again while it answers promptly", async () => {
    await open(20_000);
    tell = (_, index) =>
      index === 20 ? { status: 429, headers: { "retry-after": "1" } } : { status: 200, afterMs: 5 };

    expect(await failures(many(150))).toEqual([]);
    const most = (from: number, to: number): number =>
      Math.max(...seen.slice(from, to).map(({ underWay }) => underWay));
    expect(most(0, 20)).toBe(4);
    const refused = seen[19]?.at ?? 0;
    const asked = seen.findIndex(({ at }) => at - refused > 950);
    expect(asked).toBeGreaterThanOrEqual(20);
    // Only what was under way by then came before.
    expect(asked).toBeLessThanOrEqual(24);
    expect(most(asked, asked + 2)).toBeLessThanOrEqual(2);
    expect(most(60, 150)).toBeGreaterThanOrEqual(4);
  });

  it("gets sixteen at once where there is much to send, and four where there is little", async () => {
    await open(20_000);
    tell = () => ({ status: 200, afterMs: 5 });
    const most = (): number => Math.max(...seen.map(({ underWay }) => underWay));

    expect(await failures(many(60))).toEqual([]);
    expect(most()).toBe(4);
    expect(await failures(many(2500))).toEqual([]);
    expect(most()).toBe(16);
  });

  it("gets fewer at once when it answers slowly, whose time in line is not counted", async () => {
    await open(2000);
    tell = () => ({ status: 200, afterMs: 800 });

    // With four at once the last four would wait for 1.6 seconds before they are sent.
    expect(await failures(many(12))).toEqual([]);
    expect(seen.at(-1)?.underWay).toBe(1);
  });

  it("is not told of silence by each that waits, but by the first", async () => {
    await open(3000);
    tell = () => "nothing";

    const began = performance.now();
    const told = await failures(many(40));
    // One after the other they would take ten times three seconds.
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(seen).toHaveLength(4);
    expect(told).toHaveLength(40);
    expect(String(told.at(-1))).toMatch(/does not answer in time \(TimeoutError\)/);

    tell = () => ({ status: 200 });
    expect(await failures(many(10))).toEqual([]);
    expect(seen[4]?.underWay).toBe(1);
  });

  it("is not silent where only one request is", async () => {
    await open(3000);
    tell = ({ url }) => (url === "/hangs" ? "nothing" : { status: 200, afterMs: 300 });

    const hanging = get("/hangs").catch((error: unknown) => error);
    for (let count = 0; count < 12; count += 1) await get();
    expect(await hanging).toBeInstanceOf(UnansweredError);
  });

  it("is left to all others by a 429 that speaks of one request", async () => {
    await open(20_000);
    const status = { kind: "Status", reason: "TooManyRequests", code: 429 };
    const refused = {
      status: 429,
      headers: { "retry-after": "50" },
      body: JSON.stringify(status),
    };
    tell = ({ url }) => (url === "/refused" ? refused : { status: 200 });

    const began = performance.now();
    expect(await get("/refused")).toMatchObject({ status: 429, retryAfterMs: 50_000 });
    expect(await failures(many(10))).toEqual([]);
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(seen).toHaveLength(11);
  });

  it("answers reads while writes hang, which fail alone", async () => {
    await open(6000);
    connection.pin(connection.generation());
    tell = ({ method }) => (method === "PATCH" ? "nothing" : { status: 200 });
    connection.onUnpinned(async () => {
      await get();
      connection.pin(connection.generation());
    });
    const writes = Array.from({ length: 6 }, (_, index) =>
      connection.send({ method: "PATCH", path: `/${index}`, body: "{}" }),
    );
    const told = failures(Promise.allSettled(writes));
    await delay(200);

    const began = performance.now();
    expect(await failures(many(10))).toEqual([]);
    expect(performance.now() - began).toBeLessThan(5000);
    // No answer came for longer than half of the time of a request; still it concerns each write alone.
    expect(await told).toHaveLength(6);
    for (const one of await told) expect(one).toBeInstanceOf(UnansweredError);
    expect(await get()).toMatchObject({ status: 200 });
  });

  it("is not called dead for a write that got no answer, and who waits does not fail with it", async () => {
    await open(3000);
    connection.pin(connection.generation());
    tell = ({ method, url }) => {
      if (method === "GET") return { status: 200, afterMs: 500 };
      return url === "/reset" ? "reset" : "nothing";
    };
    const reset = connection.send({ method: "PATCH", path: "/reset", body: "{}" });
    const told = reset.catch((error: unknown) => error);
    expect(await failures(many(12))).toEqual([]);
    expect(await told).toBeInstanceOf(UnansweredError);
    expect(String(await told)).toMatch(/breaks the connection off/);

    connection.pin(connection.generation());
    await delay(2000);
    const hung = connection.send({ method: "PATCH", path: "/hung", body: "{}" });
    await expect(hung).rejects.toBeInstanceOf(UnansweredError);
  });

  it("gets the new token at once when the old one is refused, by each request at most twice", async () => {
    await open(2000);
    await get();
    await login("second");
    tell = ({ headers }) => ({ status: headers.authorization === "Bearer second" ? 200 : 401 });

    expect(await failures(many(20))).toEqual([]);
    const refused = seen.slice(1).filter(({ token }) => token === "Bearer first");
    expect(refused.length).toBeLessThanOrEqual(4);
  });

  it("gets the token of a file again when that changes, before it refuses the old one", async () => {
    const file = join(dir, "token");
    await writeFile(file, "first\n");
    await writeFile(join(dir, "kubeconfig"), kubeconfig(port, { tokenFile: "token" }));
    const path = join(dir, "kubeconfig");
    connection = createConnection({ kubeconfig: { path }, clock: systemClock() });
    await get();
    await writeFile(file, "second\n");
    await delay(1100);
    await get();

    expect(seen.map(({ token }) => token)).toEqual(["Bearer first", "Bearer second"]);
  });

  it.each([401, 403])(
    "whose client certificate has expired, it is said so (%s)",
    async (status) => {
      await open(2000);
      const { caFile, keyFile } = await createCertificate({ isExpired: true });
      const user = { "client-certificate": caFile, "client-key": keyFile };
      await writeFile(join(dir, "kubeconfig"), kubeconfig(port, user));
      tell = () => ({ status, body: refusalOf("system:anonymous") });

      const [told] = await failures(many(1));
      expect(told).toMatchObject({
        code: "CLUSTER_AUTH",
        hint: expect.stringMatching(
          /renew the client certificate, which has expired at 20.+kubeconfig/,
        ),
      });
    },
  );

  it("whose client certificate has expired by our clock alone, a right that lacks is no more than that", async () => {
    await open(2000);
    const { caFile, keyFile } = await createCertificate({ isExpired: true });
    const user = { "client-certificate": caFile, "client-key": keyFile };
    await writeFile(join(dir, "kubeconfig"), kubeconfig(port, user));
    tell = () => ({ status: 403, body: refusalOf("flotilla") });

    expect(await get()).toMatchObject({ status: 403 });
    expect(seen).toHaveLength(1);
  });

  it("is not asked again and again with credentials that it refuses", async () => {
    await open(2000);
    await get();
    tell = () => ({ status: 401 });

    const told = await failures(many(20));
    expect(told).toHaveLength(20);
    for (const one of told) expect(one).toMatchObject({ code: "CLUSTER_AUTH" });
    expect(String(told[0])).toMatch(/refuses the credentials \(401\)/);
    // Those that were under way, with the old ones and with what was read anew: not each of them twice.
    expect(seen.length - 1).toBeLessThanOrEqual(16);

    // Mended, it is noticed by itself.
    await login("second");
    tell = ({ headers }) => ({ status: headers.authorization === "Bearer second" ? 200 : 401 });
    expect(await get()).toMatchObject({ status: 200 });
  });

  it("are given up in line by who gives them up, all of theirs and nobody else's", async () => {
    await open(30_000);
    await get();
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    tell = () => ({ status: 200, when: released });
    const before = Array.from({ length: 16 }, () => get()); // takes all places
    const [leaving, staying] = [new AbortController(), new AbortController()];
    const inLine = ({ signal }: AbortController): ReturnType<typeof get> =>
      connection.send({ method: "GET", path: "/line", signal });
    const left = [inLine(leaving), inLine(leaving)];
    const stayed = [inLine(staying), inLine(staying)];
    leaving.abort(new Error("no more"));
    expect(await Promise.allSettled(left)).toEqual([
      { status: "rejected", reason: new Error("no more") },
      { status: "rejected", reason: new Error("no more") },
    ]);
    const later = inLine(new AbortController());
    release();
    const answers = await Promise.all([...before, ...stayed, later]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    // Who was in line has gone, and another one may come under the same signal.
    const again = inLine(staying);
    expect(await again).toMatchObject({ status: 200 });
    staying.abort();
    expect(seen.length).toBe(1 + 16 + 2 + 1 + 1);
  });
});

/** As an API server says it of a right that a user lacks. */
function refusalOf(user: string): string {
  const message = `secrets "a" is forbidden: User "${user}" cannot get resource "secrets" in API group ""`;
  return JSON.stringify({ kind: "Status", reason: "Forbidden", code: 403, message });
}

function kubeconfig(port: number, user: object): string {
  const server = `http://127.0.0.1:${port}`;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}
