import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { Value } from "typebox/value";
import { Agent, fetch as fetchWith } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { WorkerConfig } from "../../src/worker/config.ts";
import { runWorker } from "../../src/worker/worker.ts";
import { createCertificate } from "../support/certificate.ts";
import { type CliOptions, type CliResult, runCli } from "../support/cli.ts";
import { commitFleet } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { type ControllerBench, controllerBench } from "../support/controller-process.ts";
import { startController } from "../support/controller-world.ts";

interface Network {
  readonly bench: ControllerBench;
  readonly url: string;
  readonly caFile: string;
}

/** A controller that other machines reach, with a token of Ana's; its certificate names 127.0.0.1. */
async function onNetwork(): Promise<Network> {
  const bench = await controllerBench();
  await commitFleet(bench.fleet);
  const { caFile, keyFile } = await createCertificate();
  const tokensFile = join(bench.dir, "tokens.yaml");
  const made = await flotilla(["token", "ana", "--role", "operate", "--out", "ana"], bench.dir);
  await writeFile(tokensFile, `tokens:\n${made.stdout}`);
  await startController(bench, {
    listen: `0.0.0.0:${bench.port}`,
    tls: { certFile: caFile, keyFile },
    access: { tokensFile },
  });
  return { bench, url: `https://127.0.0.1:${bench.port}`, caFile };
}

async function flotilla(
  args: readonly string[],
  cwd: string,
  env: CliOptions["env"] = {},
): Promise<CliResult> {
  return runCli(args, { cwd, env });
}

/** An address of this machine that other machines reach. */
function outerAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outer = addresses.find(({ internal, family }) => !internal && family === "IPv4");
  if (outer === undefined) throw new Error("this machine has no network: nothing but loopback");
  return outer.address;
}

describe("a controller that other machines reach", { timeout: 120_000 }, () => {
  it("answers the command line over https, with its authority's file, and records who decided", async () => {
    const { bench, url, caFile } = await onNetwork();
    const access = { FLOTILLA_CONTROLLER: url, FLOTILLA_TOKEN_FILE: "ana", USER: "root" };
    const trusted = { ...access, FLOTILLA_CA_FILE: caFile };
    await eventually("status is there", async () => {
      const { code } = await flotilla(["status"], bench.dir, trusted);
      return code !== 2;
    });
    const untrusted = await flotilla(["status"], bench.dir, access);
    expect(untrusted.code).toBe(2);
    expect(untrusted.stderr).toMatch(/certificate that is not trusted.*--ca-file/s);
    const plain = { ...trusted, FLOTILLA_CONTROLLER: url.replace("https:", "http:") };
    const cutOff = await flotilla(["status"], bench.dir, plain);
    expect(cutOff.code).toBe(2);
    expect(cutOff.stderr).toMatch(/does not answer.*its URL begins with https:/s);
    const words = ["rollout", "pause", "--fleet", "--why", "looking", "--ca-file", caFile];
    expect(await flotilla(words, bench.dir, access)).toMatchObject({ code: 0 });
    const [author, subject] = (await bench.control("log", "-1", "--format=%an%n%s")).split("\n");
    expect(author).toBe("ana (token)");
    expect(subject).toMatch(/^pause by ana \(token\), .*: looking$/);
    const refused = await flotilla(["rollout", "recover", "--why", "w"], bench.dir, trusted);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/refused: this needs the role admin.*ana \(token\)/);
  });

  it("hands its mirror to a worker over https, and to no worker that does not trust it", async () => {
    const { bench, url, caFile } = await onNetwork();
    const start = (name: string, trust: { caFile?: string }): void => {
      const config = Value.Default(WorkerConfig, {
        mirror: {
          url: `${url}/mirrors/east.git`,
          tokenFile: join(bench.dir, "east.token"),
          ...trust,
        },
        stateDir: join(bench.dir, name),
        sites: {},
        heartbeat: "300ms",
      }) as WorkerConfig; // the defaults of its schema are in
      const ending = new AbortController();
      const logger = createLogger({ name: "worker", level: "silent" });
      const ended = runWorker(config, { clock: systemClock(), logger }, ending.signal);
      onTestFinished(async () => {
        ending.abort();
        await ended;
      });
    };
    const head = (name: string): Promise<string> =>
      readFile(join(bench.dir, name, "mirror.git/refs/heads/main"), "utf8").catch(() => "");
    start("stranger", {});
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await head("stranger")).toBe("");
    const status = {
      FLOTILLA_CONTROLLER: url,
      FLOTILLA_TOKEN_FILE: "ana",
      FLOTILLA_CA_FILE: caFile,
    };
    const east = async (): Promise<string | undefined> => {
      const { stdout } = await flotilla(["status", "-o", "json"], bench.dir, status);
      const { regions = [] } = JSON.parse(stdout || "{}") as {
        regions?: { name: string; worker: string }[];
      };
      return regions.find(({ name }) => name === "east")?.worker;
    };
    await eventually("the stranger is not heard", async () => (await east()) === "silent");
    start("trusting", { caFile });
    await eventually("the worker reports", async () => (await east()) === "live");
    await eventually("the worker follows the mirror", async () => (await head("trusting")) !== "");
  });

  it("takes the API token from its own machine alone", async () => {
    const { bench, url, caFile } = await onNetwork();
    const ca = await readFile(caFile);
    const token = (await readFile(join(bench.stateDir, "api-token"), "utf8")).trim();
    const outer = outerAddress();
    const ask = async (host: string, bearer: string): Promise<number> => {
      const connect = { ca, checkServerIdentity: () => undefined };
      const dispatcher = new Agent({ connect });
      const headers = { authorization: `Bearer ${bearer}` };
      const target = `${url.replace("127.0.0.1", host)}/api/v1/page-code`;
      const answer = await fetchWith(target, { method: "POST", headers, dispatcher });
      await answer.body?.cancel();
      await dispatcher.destroy();
      return answer.status;
    };
    expect(await ask("127.0.0.1", token)).toBe(200);
    const ana = (await readFile(join(bench.dir, "ana"), "utf8")).trim();
    expect(await ask(outer, ana)).toBe(200);
    expect(await ask(outer, token)).toBe(401);
  });
});

describe("flotilla token", () => {
  it("writes a token for its bearer alone, prints its hash, and replaces no file", async () => {
    const { dir } = await controllerBench();
    const words = ["token", "bo", "--role", "view", "--out", "bo.token"];
    const { code, stdout } = await flotilla(words, dir);
    const token = (await readFile(join(dir, "bo.token"), "utf8")).trim();
    const sha256 = createHash("sha256").update(token).digest("hex");
    expect([code, stdout]).toEqual([0, `- name: bo\n  role: view\n  sha256: ${sha256}\n`]);
    const again = await flotilla(words, dir);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("is there already")]);
    expect((await readFile(join(dir, "bo.token"), "utf8")).trim()).toBe(token);
    for (const wrong of [
      ["token"],
      ["token", "b o", "--role", "view", "--out", "x"],
      ["token", "b", "--role", "root", "--out", "x"],
      ["token", "b", "--role", "view"],
    ]) {
      expect((await flotilla(wrong, dir)).code).toBe(2);
    }
  });
});
