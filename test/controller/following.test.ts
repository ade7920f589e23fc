import { exitCodeOf } from "../../src/cli/status.ts";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { controllerBench } from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  heads,
  pause,
  quiet,
  startController,
  versions,
} from "../support/controller-world.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { appYaml, configMapYaml } from "../support/fleet.ts";
import { createRepository, git, temporaryFolder } from "../support/git-repository.ts";
import { createBareRepository, startGitServer } from "../support/git-server.ts";

async function settledFleet() {
  const bench = await controllerBench();
  const first = await commitFleet(bench.fleet);
  const controller = await startController(bench);
  await bothWorkers(controller);
  await everywhere(bench, "1");
  await quiet(bench);
  await pause(400);
  return { bench, controller, first };
}

describe("a head that may not be followed", { timeout: 120_000 }, () => {
  it("starts nothing when it does not parse, and says where; the next valid one goes on", async () => {
    const { bench, controller } = await settledFleet();
    const before = await heads(bench);
    const commit = await bench.fleet.commit({ "apps/web.yaml": "kind: App\n  broken: [\n" });
    const status = await eventually("it is refused", async () => {
      const now = await controller.status();
      return now?.refused?.commit === commit && now;
    });
    expect(status.refused?.reason).toMatch(/^apps\/web\.yaml:\d+:\d+: /);
    await pause(500);
    expect(await heads(bench)).toEqual(before);
    await bench.fleet.git("revert", "--no-edit", "HEAD");
    await bench.fleet.commit(webVersion("2"));
    await everywhere(bench, "2");
  });

  it("starts nothing when a file of it cannot be read, says which, and all else goes on", async () => {
    const { bench, controller } = await settledFleet();
    await controller.decide({ verb: "pause", scope: { site: "b1" }, why: "wait", by: "ada" });
    await bench.fleet.commit(webVersion("2"));
    await eventually("the other sites have it", async () => {
      const found = await versions(bench);
      return found["a1"] === "2" && found["a2"] === "2";
    });
    const commit = await bench.fleet.commit({
      "sites/latin1.yaml": new Uint8Array([0x61, 0xe9, 0x0a]),
    });
    const status = await eventually("it is refused", async () => {
      const now = await controller.status();
      return now?.refused?.commit === commit && now;
    });
    expect(status.refused?.reason).toMatch(/^sites\/latin1\.yaml:1:2: is not UTF-8 text/);
    await controller.decide({ verb: "resume", scope: { site: "b1" }, why: "go on", by: "ada" });
    await everywhere(bench, "2");
  });

  it("starts nothing when it does not descend from the followed one, until an operator accepts it", async () => {
    const { bench, controller, first } = await settledFleet();
    await bench.fleet.git(
      "commit",
      "-q",
      "--amend",
      "-m",
      "rewritten",
      "--date=2020-01-01T00:00:00Z",
    );
    const rewritten = await bench.fleet.commit(webVersion("9"));
    const before = await heads(bench);
    const status = await eventually("it is refused", async () => {
      const now = await controller.status();
      return now?.refused?.commit === rewritten && now;
    });
    expect(status.refused?.reason).toContain(first.slice(0, 7));
    await pause(500);
    expect(await heads(bench)).toEqual(before);
    await controller.decide({
      verb: "accept-head",
      commit: rewritten,
      why: "we meant it",
      by: "ada",
    });
    await everywhere(bench, "9");
    const log = await bench.control("log", "--format=%an %s", "main");
    expect(log).toMatch(/^ada .*accept-head.*we meant it$/m);
  });
});

describe("a fleet of many apps", { timeout: 120_000 }, () => {
  it("is asked for once a poll and fetched once a commit, however many apps and sites it has", async () => {
    const server = await startGitServer({ root: await temporaryFolder() });
    await createBareRepository(server.root, "fleet");
    const proxy = await startFaultProxy({ target: `http://127.0.0.1:${server.port}` });
    onTestFinished(async () => {
      await proxy.close();
      await server.close();
    });
    const bench = await controllerBench({
      fleet: { url: `${proxy.url}/fleet.git` },
      pollInterval: "300ms",
    });
    const names = Array.from({ length: 30 }, (_, index) => `app${index}`);
    const inVersion = (version: string) =>
      names.map((app) => [
        `manifests/${app}/settings.yaml`,
        configMapYaml("settings", { version }),
      ]);
    const apps = names.map((app) => [`apps/${app}.yaml`, appYaml(app)]);
    const push = () => bench.fleet.git("push", "-q", server.url("fleet"), "main");
    await commitFleet(bench.fleet, Object.fromEntries([...apps, ...inVersion("1")]));
    await push();
    const controller = await startController(bench);
    await bothWorkers(controller);
    await quiet(bench);
    const looks = () => proxy.count({ method: "GET", path: /\/info\/refs/u });
    const fetches = () => proxy.count({ method: "POST", path: /\/git-upload-pack/u });
    proxy.forget();
    const started = performance.now();
    await bench.fleet.commit(Object.fromEntries(inVersion("2")));
    await push();
    const head = await bench.fleet.git("rev-parse", "HEAD");
    const revision = async () => (await controller.status())?.revision ?? "";
    await eventually("it is followed", async () => (await revision()).includes(head));
    await eventually("it is looked at again", () => Promise.resolve(looks() > 6));
    const polls = (performance.now() - started) / 300;
    expect(looks()).toBeLessThanOrEqual(polls + 2);
    // What asks for the refs each time, and the few rounds of one fetch: nothing for each app.
    expect(fetches() - looks()).toBeLessThan(names.length / 4);
  });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that misbehaves in one way, in place of a Git remote. */
async function badRemote(answer: Answer): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return `http://127.0.0.1:${port}/fleet.git`;
}

describe("a remote that cannot be read", { timeout: 120_000 }, () => {
  const answers: Readonly<Record<string, Answer>> = {
    "404": (_request, response) => void response.writeHead(404).end(),
    "403": (_request, response) => void response.writeHead(403).end(),
    "500": (_request, response) => void response.writeHead(500).end(),
    hangs: () => undefined,
    resets: (request) => void request.socket.resetAndDestroy(),
    lies: (_request, response) => void response.end("<html>"),
  };
  for (const [name, answer] of Object.entries(answers)) {
    it(`(${name}) changes nothing and is told once, while the fleet goes on`, async () => {
      const { bench, controller } = await settledFleet();
      await controller.stop();
      const before = await heads(bench);
      const url = await badRemote(answer);
      const again = await startController(bench, { fleet: { url } });
      if (name !== "hangs") {
        await eventually("the problem is told", async () => {
          const warnings = (await again.status())?.warnings ?? [];
          return warnings.filter((line) => line.includes("cannot be read")).length === 1;
        });
      }
      await pause(500);
      expect((await heads(bench)).slice(1)).toEqual(before.slice(1));
      expect(Object.keys(await versions(bench))).toHaveLength(4);
      expect((await again.status())?.sites.total).toBe(4);
    });
  }

  it("(an empty repository, a missing branch) changes nothing", async () => {
    const { bench, controller } = await settledFleet();
    await controller.stop();
    const before = await heads(bench);
    const empty = await createRepository();
    for (const fleet of [{ url: empty.dir }, { url: bench.fleet.dir, branch: "gone" }]) {
      const again = await startController(bench, { fleet });
      await eventually("the problem is told", async () =>
        (await again.status())?.warnings.some((line) => line.includes("EMPTY_SOURCE")),
      );
      await pause(300);
      expect((await heads(bench)).slice(1)).toEqual(before.slice(1));
      await again.stop();
    }
  });

  it("(deleted while it is followed) changes nothing, and what is under way goes on", async () => {
    const { bench, controller } = await settledFleet();
    await git(["update-ref", "-d", "refs/heads/main"], bench.fleet.dir);
    const before = await heads(bench);
    const status = await eventually("the problem is told", async () => {
      const now = await controller.status();
      return now?.warnings.some((line) => line.includes("cannot be read")) && now;
    });
    expect(status.outdated).toMatch(/the fleet repository cannot be read/);
    expect(exitCodeOf(status)).toBe(2);
    await pause(500);
    expect(await heads(bench)).toEqual(before);
  });
});
