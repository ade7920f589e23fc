import { copyFile, writeFile } from "node:fs/promises";
import { type RequestOptions, request as tlsRequest } from "node:https";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { Route } from "../../../src/adapters/http/route.ts";
import { type HttpServer, startHttpServer } from "../../../src/adapters/http/server.ts";
import type { TlsFiles } from "../../../src/adapters/http/tls-files.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { createCertificate } from "../../support/certificate.ts";
import { temporaryFolder } from "../../support/git-repository.ts";

const logger = createLogger({ name: "test", level: "silent" });
const real = systemClock();
/** Looks at the files more often. */
const clock: Clock = { ...real, sleep: (ms, signal) => real.sleep(Math.min(ms, 50), signal) };
const hello: Route = { kind: "json", method: "GET", path: "/", handle: () => ({ hello: "you" }) };
let server: HttpServer | undefined;

afterEach(() => server?.close());

async function serve(tls: TlsFiles, listen = "127.0.0.1:0"): Promise<HttpServer> {
  server = await startHttpServer({ listen, tls, routes: [hello], logger, clock });
  return server;
}

/** A pair of files that may be replaced. */
async function pairOfFiles(): Promise<TlsFiles & { replaceBy(pair: Pair): Promise<void> }> {
  const dir = await temporaryFolder();
  const files = { certFile: join(dir, "cert.pem"), keyFile: join(dir, "key.pem") };
  const replaceBy = async ({ caFile, keyFile }: Pair): Promise<void> => {
    await copyFile(keyFile, files.keyFile);
    await copyFile(caFile, files.certFile);
  };
  return { ...files, replaceBy };
}
type Pair = Awaited<ReturnType<typeof createCertificate>>;

/** The status of a GET that trusts these authorities; the code of the error where there is no answer. */
async function get(port: number, options: RequestOptions): Promise<number | string> {
  return new Promise((resolve) => {
    const call = tlsRequest(
      { host: "127.0.0.1", port, path: "/", agent: false, ...options },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    call.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).end();
  });
}

/** The protocol that is agreed on; "" where none is. */
async function protocolWith(port: number, maxVersion: "TLSv1.1" | "TLSv1.2" | "TLSv1.3") {
  return new Promise<string>((resolve) => {
    const socket: TLSSocket = connect(
      { host: "127.0.0.1", port, minVersion: "TLSv1.1", maxVersion, rejectUnauthorized: false },
      () => {
        resolve(socket.getProtocol() ?? "");
        socket.destroy();
      },
    );
    socket.on("error", () => resolve(""));
  });
}

describe("the HTTP server with a certificate", () => {
  it("speaks TLS 1.2 or newer, and nothing else", async () => {
    const { caFile, keyFile, cert } = await createCertificate();
    const { port, url } = await serve({ certFile: caFile, keyFile });
    expect(url).toBe(`https://127.0.0.1:${port}`);
    expect(await get(port, { ca: cert })).toBe(200);
    expect(await get(port, {})).toMatch(/SELF_SIGNED/);
    expect(await protocolWith(port, "TLSv1.3")).toBe("TLSv1.3");
    expect(await protocolWith(port, "TLSv1.2")).toBe("TLSv1.2");
    expect(await protocolWith(port, "TLSv1.1")).toBe("");
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow("fetch failed");
  });

  it("listens beyond this machine, and answers to any name but to no foreign page", async () => {
    const { caFile, keyFile, cert } = await createCertificate();
    const { port } = await serve({ certFile: caFile, keyFile }, "0.0.0.0:0");
    const ask = (headers: Record<string, string>): Promise<number | string> =>
      get(port, { ca: cert, headers, checkServerIdentity: () => undefined });
    expect(await ask({ host: "flotilla.example" })).toBe(200);
    const origin = "https://flotilla.example";
    expect(await ask({ host: "flotilla.example", origin })).toBe(200);
    expect(await ask({ host: "flotilla.example", origin: "https://evil.example" })).toBe(403);
    expect(await ask({ host: "flotilla.example", origin: "http://flotilla.example" })).toBe(403);
    expect(await ask({ host: "flotilla.example", origin: "https://localhost" })).toBe(403);
  });

  it("takes up a certificate that was replaced, and keeps it when the next pair is of no use", async () => {
    const [first, second] = [await createCertificate(), await createCertificate()];
    const files = await pairOfFiles();
    await files.replaceBy(first);
    const { port } = await serve(files);
    expect(await get(port, { ca: first.cert })).toBe(200);
    await files.replaceBy(second);
    await expect.poll(() => get(port, { ca: second.cert })).toBe(200);
    expect(await get(port, { ca: first.cert })).toMatch(/SELF_SIGNED/);
    // The last two as in the middle of being written anew.
    const useless = [
      [files.keyFile, first.key],
      [files.keyFile, ""],
      [files.certFile, ""],
    ] as const;
    for (const [file, text] of useless) {
      await files.replaceBy(second);
      await writeFile(file, text);
      await real.sleep(300);
      expect(await get(port, { ca: second.cert })).toBe(200);
    }
    await files.replaceBy(first);
    await expect.poll(() => get(port, { ca: first.cert })).toBe(200);
  });

  it("does not start with a key of another certificate, or without one, and quotes neither", async () => {
    const [one, other] = [await createCertificate(), await createCertificate()];
    const start = (tls: TlsFiles): Promise<unknown> => serve(tls).catch((error: unknown) => error);
    const mixed = await start({ certFile: one.caFile, keyFile: other.keyFile });
    expect(mixed).toMatchObject({ code: "USAGE", message: expect.stringContaining(one.caFile) });
    expect(String(mixed)).not.toContain("BEGIN");
    const missing = await start({ certFile: one.caFile, keyFile: "/nowhere/key.pem" });
    expect(missing).toMatchObject({
      code: "USAGE",
      message: "cannot read the PEM file /nowhere/key.pem (ENOENT)",
    });
  });
});
