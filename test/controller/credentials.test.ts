import { describe, expect, it } from "vitest";
import { commitFleet } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { controllerBench, mirrorTokens } from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  quiet,
  startController,
  workerFor,
} from "../support/controller-world.ts";
import { git } from "../support/git-repository.ts";
import { startFakeWorker } from "../support/controller-worker.ts";

const basic = (token: string): string =>
  `Basic ${Buffer.from(`flotilla:${token}`).toString("base64")}`;

describe("the credential of a mirror", { timeout: 120_000 }, () => {
  it("opens that mirror and no other: neither git, nor hints, nor reports, nor the API", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const controller = await startController(bench);
    await bothWorkers(controller);
    await everywhere(bench, "1");
    const west = `${controller.url}/mirrors/west.git`;
    const headers = { authorization: basic(mirrorTokens.east), "content-type": "application/json" };
    expect((await fetch(`${west}/hints`, { headers })).status).toBe(401);
    const report = await fetch(`${west}/reports`, { method: "POST", headers, body: "{}" });
    expect(report.status).toBe(401);
    const refs = await fetch(`${west}/info/refs?service=git-upload-pack`, { headers });
    expect(refs.status).toBe(401);
    const sneaky = await fetch(`${controller.url}/mirrors/east.git/../west.git/info/refs`, {
      headers,
    });
    expect(sneaky.status).toBe(401);
    expect((await fetch(`${controller.url}/mirrors/none.git/hints`, { headers })).status).toBe(401);
    const api = { authorization: `Bearer ${mirrorTokens.east}` };
    expect((await fetch(`${controller.url}/api/v1/status`, { headers: api })).status).toBe(401);
    const own = await git([
      "-c",
      `http.extraHeader=Authorization: ${basic(mirrorTokens.east)}`,
      "ls-remote",
      `${controller.url}/mirrors/east.git`,
    ]);
    expect(own.split("\n").map((line) => line.split("\t")[1])).toEqual(["HEAD", "refs/heads/main"]);
  });

  it("is asked for by made-up names without taking back what is known of wrong tokens elsewhere", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const { url } = await startController(bench);
    const knock = async (path: string): Promise<number> => {
      const authorization = path.startsWith("/api/") ? "Bearer wrong" : basic("wrong");
      const answer = await fetch(`${url}${path}`, { headers: { authorization } });
      await answer.body?.cancel();
      return answer.status;
    };
    const times = async (count: number, path: (index: number) => string): Promise<number> => {
      const indices = Array.from({ length: count }, (_, index) => index);
      let last = 0;
      for (const index of indices) last = await knock(path(index));
      return last;
    };
    expect(await times(25, () => "/api/v1/status")).toBe(429);
    // One that is not there is refused like one that is.
    expect(await times(15, () => "/mirrors/none.git/hints")).toBe(401);
    expect(await times(15, () => "/mirrors/east.git/hints")).toBe(401);
    expect(await times(10, () => "/mirrors/none.git/hints")).toBe(429);
    expect(await times(10, () => "/mirrors/east.git/hints")).toBe(429);
    await times(2100, (index) => `/mirrors/made-up-${index}.git/hints`);

    expect(await times(12, () => "/api/v1/status")).toBe(429);
    expect(await times(12, () => "/mirrors/east.git/hints")).toBe(429);
  });

  it("speaks for the sites of that mirror alone", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const controller = await startController(bench);
    await workerFor(controller, "east");
    await eventually(
      "the canary is healthy",
      async () =>
        (await controller.status())?.siteList.find(({ site }) => site === "a1")?.reachable,
    );
    const url = `${controller.url}/mirrors/east.git/reports`;
    const headers = { authorization: basic(mirrorTokens.east), "content-type": "application/json" };
    const lie = {
      worker: "liar",
      sequence: 1,
      full: true,
      head: "",
      epoch: 0,
      stopped: {},
      refused: "",
      sites: [{ site: "b1", reachable: true, message: "" }],
      apps: [],
    };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(lie) });
    expect(answer.status).toBe(200);
    const b1 = (await controller.status())?.siteList.find(({ site }) => site === "b1");
    expect(b1?.reachable).toBe(false);
    const bad = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...lie, sequence: "one" }),
    });
    expect(bad.status).toBe(400);
  });

  it("is told a hint at once, and a new one when the head moves", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const controller = await startController(bench);
    const headers = { authorization: basic(mirrorTokens.east) };
    const stream = await fetch(`${controller.url}/mirrors/east.git/hints`, { headers });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const hints: { head: string; epoch: number }[] = [];
    const reading = (async () => {
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
        for (const line of part.value.trim().split("\n")) hints.push(JSON.parse(line));
      }
    })();
    const worker = await startFakeWorker({
      url: controller.url,
      mirror: "east",
      token: mirrorTokens.east,
    });
    await eventually("the newest hint is the head", async () => {
      const head = await bench.mirror("east").head();
      return head !== "" && hints.at(-1)?.head === head;
    });
    expect(hints.every(({ epoch }) => epoch === 1)).toBe(true);
    await worker.stop();
    await reader?.cancel();
    await reading;
    await quiet(bench).catch(() => undefined);
  });
});
