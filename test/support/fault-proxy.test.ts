import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { startTcpFaultProxy, type TcpFaultProxy } from "../../src/demo/tcp-fault-proxy.ts";

const body = "0123456789".repeat(100);

describe("the fault proxies", () => {
  let target: Server;
  let proxy: FaultProxy;
  let tcp: TcpFaultProxy;

  beforeAll(async () => {
    target = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => response.end(Buffer.concat(chunks).toString("utf8") || body));
    });
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    const { port } = target.address() as AddressInfo;
    proxy = await startFaultProxy({ target: `http://127.0.0.1:${port}` });
    tcp = await startTcpFaultProxy({ host: "127.0.0.1", port });
  });
  afterEach(() => {
    proxy.heal();
    proxy.forget();
    tcp.heal();
  });
  afterAll(async () => {
    await proxy.close();
    await tcp.close();
    target.closeAllConnections();
    target.close();
  });

  it("pass requests through and count them by method and path", async () => {
    expect(await text(proxy.port, "/a?x=1")).toBe(body);
    expect(await text(proxy.port, "/a", "POST", "sent")).toBe("sent");
    expect(await text(proxy.port, "/b")).toBe(body);
    expect(proxy.count()).toBe(3);
    expect(proxy.count({ method: "GET" })).toBe(2);
    expect(proxy.count({ path: "/a" })).toBe(2);
    expect(proxy.count({ method: "GET", path: /x=1/ })).toBe(1);
    expect(await text(tcp.port, "/")).toBe(body);
  });

  it("meet only the requests that match, as often as asked for", async () => {
    proxy.fail(
      { kind: "status", status: 503, body: "no" },
      { method: "POST", path: "/a", times: 1 },
    );
    expect(await text(proxy.port, "/a")).toBe(body);
    expect(await text(proxy.port, "/a", "POST", "x")).toBe("503 no");
    expect(await text(proxy.port, "/a", "POST", "x")).toBe("x");
    expect(proxy.requests({ method: "POST" }).map(({ fault }) => fault)).toEqual([
      "status",
      undefined,
    ]);
  });

  it("cut, damage, empty, rewrite, delay and refuse answers", async () => {
    const outcome = async (fault: Parameters<FaultProxy["fail"]>[0]): Promise<string> => {
      proxy.heal();
      proxy.fail(fault);
      return text(proxy.port, "/");
    };
    expect(await outcome({ kind: "refuse" })).toBe("ECONNRESET");
    expect(await outcome({ kind: "reset", afterBytes: 15 })).toBe("ECONNRESET");
    expect(await outcome({ kind: "cut", afterBytes: 15 })).toBe("012345678901234");
    expect(await outcome({ kind: "corrupt", afterBytes: 998 })).toBe(`${body.slice(0, 998)}()`);
    expect(await outcome({ kind: "empty" })).toBe("");
    expect(await outcome({ kind: "replace", body: () => "other" })).toBe("other");
    expect(await outcome({ kind: "slow", delayMs: 10 })).toBe(body);
  });

  it("hang until they are healed", async () => {
    proxy.fail({ kind: "hang" });
    const waiting = text(proxy.port, "/");
    await expect.poll(() => proxy.count()).toBe(1);
    proxy.heal();
    expect(await waiting).toBe("ECONNRESET");
  });

  it("cut TCP connections", async () => {
    tcp.fail({ kind: "refuse" });
    expect(await text(tcp.port, "/")).toBe("ECONNRESET");
    tcp.fail({ kind: "reset", afterBytes: 300 });
    expect(await text(tcp.port, "/")).toBe("ECONNRESET");
    tcp.fail({ kind: "slow", delayMs: 10 });
    expect(await text(tcp.port, "/")).toBe(body);
    tcp.fail({ kind: "hang" });
    const before = tcp.connections();
    const waiting = text(tcp.port, "/");
    await expect.poll(() => tcp.connections()).toBe(before + 1);
    tcp.dropConnections();
    expect(await waiting).toBe("ECONNRESET");
  });
});

/** The body (with the status where it is not 200), or the code of the error. */
// oxlint-disable-next-line max-params -- a request is its port, path, method and body
function text(port: number, path: string, method = "GET", content = ""): Promise<string> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    const sent = request({ port, path, method, host: "127.0.0.1", agent: false }, (response) => {
      let received = response.statusCode === 200 ? "" : `${response.statusCode} `;
      response.on("data", (chunk: Buffer) => {
        received += chunk.toString("utf8");
      });
      response.on("error", fail);
      response.on("end", () => resolve(received));
    });
    sent.on("error", fail);
    sent.end(content);
  });
}
