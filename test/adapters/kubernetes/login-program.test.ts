/** Programs that a kubeconfig runs to log in: what they give, and that none of them outlives who waits for it. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ClusterClient,
  openCluster,
} from "../../../src/adapters/kubernetes/cluster-client.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { isRunning } from "../../support/is-running.ts";
import { eventually } from "../../support/kube-worker.ts";

/** A clock on which half a minute is 300 ms. */
const fast: Clock = {
  ...systemClock(),
  sleep: (ms, signal) => systemClock().sleep(ms / 100, signal),
};

describe("a login program", () => {
  let dir: string;
  let server: Server;
  let authorizations: (string | undefined)[] = [];
  let client: ClusterClient | undefined;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "flotilla-login-"));
    authorizations = [];
    server = createServer((request, response) => {
      authorizations.push(request.headers.authorization);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ metadata: { name: "kube-system", uid: "u1" } }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await client?.close();
    server.closeAllConnections();
    server.close();
    for (const pid of await started()) if (isRunning(pid)) process.kill(pid, "SIGKILL");
    await rm(dir, { recursive: true });
  });

  /** A client whose kubeconfig runs this script; each run of it notes its processes. */
  const open = async (script: string, clock = systemClock(), exec: object = {}): Promise<void> => {
    const program = join(dir, "login");
    await writeFile(program, `#!/bin/sh\necho $$ >> ${dir}/pids\n${script}\n`, { mode: 0o700 });
    const { port } = server.address() as AddressInfo; // it listens at a TCP port
    const path = join(dir, "kubeconfig");
    const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
    const run = { apiVersion: "client.authentication.k8s.io/v1", command: "./login", ...exec };
    const config = {
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user: { exec: run } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    };
    await writeFile(path, JSON.stringify(config));
    client = openCluster({ kubeconfig: { path }, allowExec: true, clock });
  };
  const started = async (): Promise<number[]> => {
    const text = await readFile(join(dir, "pids"), "utf8").catch(() => "");
    return text.split("\n").flatMap((line) => (line === "" ? [] : [Number(line)]));
  };
  const allEnded = () =>
    eventually("all have ended", async () => !(await started()).some(isRunning));
  const hanging = "sleep 8888 & echo $! >> PIDS; trap '' TERM; while :; do sleep 1; done";
  const hang = () => hanging.replace("PIDS", `${dir}/pids`);

  it("gives what it says, is told who asks, and is asked once for all", async () => {
    await open(
      `sleep 0.3; echo "$KUBERNETES_EXEC_INFO" > ${dir}/info; echo '{"status":{"token":"'$WHO'"}}'`,
      systemClock(),
      { provideClusterInfo: true, env: [{ name: "WHO", value: "worker-7" }] },
    );
    const uids = await Promise.all([1, 2, 3, 4].map(async () => (await client?.identity())?.uid));

    expect(uids).toEqual(["u1", "u1", "u1", "u1"]);
    expect(new Set(authorizations)).toEqual(new Set(["Bearer worker-7"]));
    expect(await started()).toHaveLength(1);
    const info = JSON.parse(await readFile(join(dir, "info"), "utf8")) as object; // of the script
    expect(info).toMatchObject({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      spec: { interactive: false, cluster: { "insecure-skip-tls-verify": true } },
    });
  });

  it.each([
    ["fails", "echo Sup3rS3cret; exit 3", "its program ended with 3"],
    ["answers nonsense", "echo Sup3rS3cret", "its program answers without any"],
    ["never stops talking", "while :; do echo Sup3rS3cretSup3rS3cret; done", "writes too much"],
  ])("that %s is told as that, without a word of it", async (_, script, message) => {
    await open(script);
    const error = await client?.identity().catch((failure: unknown) => failure);

    expect(error).toMatchObject({ code: "CLUSTER_AUTH" });
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain("Sup3rS3cret");
    await allEnded();
  });

  it("that hangs is ended with all that it has started, before another one begins", async () => {
    await open(hang(), fast);
    for (const runs of [1, 2, 3]) {
      const errors = await Promise.all(
        [1, 2].map(async () => client?.identity().catch((failure: unknown) => String(failure))),
      );
      for (const error of errors) expect(error).toContain("runs a program that does not answer");
      expect(await started()).toHaveLength(2 * runs);
      expect((await started()).filter(isRunning)).toEqual([]);
    }
  });

  it("ends when nobody waits for it any more, and when the client is closed", async () => {
    await open(hang(), fast);
    const slow = openCluster({
      kubeconfig: { path: join(dir, "kubeconfig") },
      allowExec: true,
      clock: systemClock(),
    });
    const asking = new AbortController();
    const first = slow.identity(asking.signal).catch((failure: unknown) => failure);
    await eventually("it runs", async () => (await started()).length === 2);
    asking.abort();
    expect(await first).toBe(asking.signal.reason);
    expect((await started()).filter(isRunning)).toEqual([]);

    const second = slow.identity().catch((failure: unknown) => String(failure));
    await eventually("it runs again", async () => (await started()).length === 4);
    await slow.close();
    expect((await started()).filter(isRunning)).toEqual([]);
    await second;
  });

  it("is begun anew for who waits on where only another one has given up", async () => {
    await open(
      `test -e ${dir}/again && echo '{"status":{"token":"t"}}' && exit; touch ${dir}/again; sleep 8888`,
    );
    const asking = new AbortController();
    const first = client?.identity(asking.signal).catch(() => "gave up");
    await eventually("it runs", async () => (await started()).length === 1);
    const second = client?.identity();
    asking.abort();

    expect(await first).toBe("gave up");
    expect((await second)?.uid).toBe("u1");
    expect(await started()).toHaveLength(2);
  });
});
