/** Kubeconfigs whose writer is not trusted: nothing in them reads a file, starts a program or sends what is ours elsewhere. */
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ClusterClient,
  openCluster,
} from "../../../src/adapters/kubernetes/cluster-client.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { createCertificate } from "../../support/certificate.ts";
import { temporaryFolder } from "../../support/git-repository.ts";

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly users?: readonly object[];
}

describe("a kubeconfig that was discovered", () => {
  let certificate: Awaited<ReturnType<typeof createCertificate>>;
  /** The writer's own server: what it is told is lost. */
  let server: Server;
  let told: (string | undefined)[];
  let sawCertificate: boolean;
  let client: ClusterClient | undefined;

  beforeEach(async () => {
    certificate = await createCertificate();
    [told, sawCertificate] = [[], false];
    const { key, cert } = certificate;
    server = createServer({ key, cert, requestCert: true, rejectUnauthorized: false });
    server.on("request", (request, response) => {
      told.push(request.headers.authorization);
      const { socket } = request as { socket: { getPeerCertificate?: () => object } }; // of TLS
      sawCertificate ||= Object.keys(socket.getPeerCertificate?.() ?? {}).length > 0;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ metadata: { name: "kube-system", uid: "u1" } }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await client?.close();
    server.closeAllConnections();
    server.close();
  });

  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const textOf = ({ cluster = {}, user = { token: "t" }, users = [] }: Parts): string => {
    const { port } = server.address() as AddressInfo; // it listens at a TCP port
    const authority = { "certificate-authority-data": base64(certificate.cert) };
    const own = { server: `https://127.0.0.1:${port}`, ...authority, ...cluster };
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: own }],
      users: [{ name: "u", user }, ...users],
      contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace: "web" } }],
      "current-context": "c",
    });
  };
  const ask = (text: string, allowExec = false): Promise<unknown> => {
    client = openCluster({ kubeconfig: { text }, allowExec, clock: systemClock() });
    return client.identity();
  };
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => expect.unreachable("it must fail"),
      (error: unknown) => error,
    );

  it("is used with a token, or with a certificate and its key inline", async () => {
    expect(await ask(textOf({}))).toMatchObject({ uid: "u1" });
    await client?.close();
    const user = {
      "client-certificate-data": base64(certificate.cert),
      "client-key-data": base64(certificate.key),
    };
    const cluster = { "insecure-skip-tls-verify": false, "disable-compression": true };
    expect(await ask(textOf({ user, cluster }))).toMatchObject({ uid: "u1" });

    expect(told).toEqual(["Bearer t", undefined]);
    expect(sawCertificate).toBe(true);
  });

  it("is refused by whoever its authority does not know", async () => {
    const other = await createCertificate();
    const cluster = { "certificate-authority-data": base64(other.cert) };

    expect(await failure(ask(textOf({ cluster })))).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    expect(told).toEqual([]);
  });

  const run = { apiVersion: "client.authentication.k8s.io/v1", command: "/bin/true" };
  it.each<[string, Parts, string, string]>([
    [
      "an authority's file",
      { cluster: { "certificate-authority": "FILE", "certificate-authority-data": undefined } },
      "names a file of this machine (certificate-authority)",
      "certificate-authority-data",
    ],
    [
      "a certificate's file",
      { user: { token: "t", "client-certificate": "FILE" } },
      "names a file of this machine (client-certificate)",
      "client-certificate-data",
    ],
    [
      "a key's file",
      { user: { token: "t", "client-key": "FILE" } },
      "names a file of this machine (client-key)",
      "client-key-data",
    ],
    [
      "a token's file",
      { user: { tokenFile: "FILE" } },
      "names a file of this machine (tokenFile)",
      "token itself",
    ],
    [
      "a token's file beside a token",
      { user: { token: "t", tokenFile: "FILE" } },
      "names a file of this machine (tokenFile)",
      "token itself",
    ],
    [
      "a token's file by its other name",
      { user: { "token-file": "FILE" } },
      "names a file of this machine (token-file)",
      "token itself",
    ],
    ["a program", { user: { exec: run } }, "wants to run a program to log in (exec)", "token"],
    [
      "an auth-provider, which may run a program",
      { user: { "auth-provider": { name: "gcp", config: { "cmd-path": "/bin/true" } } } },
      "wants to run a program to log in (auth-provider)",
      "token",
    ],
    [
      "a server that nobody vouches for",
      { cluster: { "insecure-skip-tls-verify": true } },
      "would not check who the server is (insecure-skip-tls-verify)",
      "certificate-authority-data",
    ],
    ["a proxy", { cluster: { "proxy-url": "http://127.0.0.1:1" } }, "a proxy (proxy-url)", "out"],
    ["somebody else", { user: { token: "t", as: "admin" } }, '(user field "as")', "nothing else"],
    [
      "a password",
      { user: { username: "u", password: "p" } },
      '(user field "username")',
      "nothing else",
    ],
    [
      "what is not known",
      { cluster: { "new-thing": "x" } },
      '(cluster field "new-thing")',
      "nothing else",
    ],
    ["no text for a token", { user: { token: { length: 9 } } }, '"token"', "nothing else"],
    ["plain http", { cluster: { server: "http://127.0.0.1:1" } }, "other than https", "https"],
    ["plain HTTP", { cluster: { server: "HTTP://127.0.0.1:1" } }, "other than https", "https"],
    ["a file for a server", { cluster: { server: "file:///etc" } }, "other than https", "https"],
    ["no server", { cluster: { server: undefined } }, "no current context", "current-context"],
  ])("is refused with %s, before anything is read or sent", async (...[, parts, message, hint]) => {
    const file = join(await temporaryFolder(), "file");
    await writeFile(file, certificate.cert);
    const text = textOf(parts).replaceAll('"FILE"', JSON.stringify(file));

    for (const allowExec of [false, true]) {
      const error = await failure(ask(text, allowExec));
      expect(error).toMatchObject({ code: "CLUSTER_AUTH" });
      expect(String(error)).toContain(message);
      expect(error).toHaveProperty("hint", expect.stringContaining(hint));
      await client?.close();
    }
    expect(told).toEqual([]);
  });

  it.each([
    ["no YAML", "{"],
    ["no kubeconfig", "hello"],
    ["without a context", "apiVersion: v1\nkind: Config\n"],
  ])("is refused where it is %s", async (_, text) => {
    const error = await failure(ask(text));

    expect(error).toMatchObject({ code: "CLUSTER_AUTH" });
    expect(String(error)).toContain("has no current context with a cluster");
  });

  it("hides no field where another parser of YAML would find one", async () => {
    const { port } = server.address() as AddressInfo; // it listens at a TCP port
    const text = [
      `clusters: [{ name: c, cluster: { server: "https://127.0.0.1:${port}", "certificate-authority-data": ${base64(certificate.cert)} } }]`,
      `users: [{ name: u, user: { <<: { tokenFile: ${certificate.caFile} } } }]`,
      "contexts: [{ name: c, context: { cluster: c, user: u } }]",
      "current-context: c",
    ].join("\n");

    expect(String(await failure(ask(text)))).toContain('(user field "<<")');
    expect(told).toEqual([]);
  });

  it("is read of its current context alone: nothing is read for another user that it has", async () => {
    const users = [{ name: "other", user: { "token-file": "/nonexistent/token" } }];

    expect(await ask(textOf({ users }))).toMatchObject({ uid: "u1" });
    expect(told).toEqual(["Bearer t"]);
  });
});
