/** `rollout rollback APP --to RELEASE` and `history`, with a real controller, real git and scripted workers. */
import { describe, expect, it } from "vitest";
import { webVersion } from "../support/controller-fleet.ts";
import { siteYaml } from "../support/fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import {
  bothWorkers,
  everywhere,
  pause,
  quiet,
  settledFleet,
  startController,
  versions,
} from "../support/controller-world.ts";
import type { ReleaseHistory } from "../../src/core/protocol/api.ts";

/** A fleet on version 3 that had 1 and 2. */
async function releasedThrice() {
  const { bench, controller } = await settledFleet();
  const commits = [await bench.fleet.git("rev-parse", "HEAD")];
  for (const version of ["2", "3"]) {
    commits.push(await bench.fleet.commit(webVersion(version)));
    await everywhere(bench, version);
    await quiet(bench);
  }
  const history = async (): Promise<ReleaseHistory> => {
    const answer = await controller.request("/api/v1/history?app=web");
    return (await answer.json()) as ReleaseHistory;
  };
  return { bench, controller, commits, history };
}

const nameOf = ({ releases }: ReleaseHistory, source: string | undefined): string =>
  releases.find((release) => release.source === source)?.release ?? "";

describe("going back to an older release", { timeout: 120_000 }, () => {
  it("sets the trees of then, is current, and outlasts a restart and commits that leave the app alone", async () => {
    const { bench, controller, commits, history } = await releasedThrice();
    const before = await history();
    expect(before.releases.map(({ source, verdict, kind }) => [source, verdict, kind])).toEqual(
      commits.toReversed().map((source) => [source, "done", "app"]),
    );
    expect(before.releases.map(({ isCurrent }) => isCurrent)).toEqual([true, false, false]);
    expect(before.more).toBe(false);
    const newest = await controller.request("/api/v1/history?app=web&limit=2");
    expect(await newest.json()).toEqual({
      ...before,
      releases: before.releases.slice(0, 2),
      more: true,
    });
    const misspelt = await controller.request("/api/v1/history?app=wbe");
    expect(misspelt.status).toBe(404);
    expect(await misspelt.text()).toMatch(/no release of wbe is on record.*did you mean .*web/);
    const first = nameOf(before, commits[0]);
    const answer = await controller.decide({
      verb: "rollback",
      app: "web",
      to: first,
      why: "3 is slow",
      by: "ada",
    });
    expect(answer.message).toBe(`4 sites of web go back to ${first}`);
    const subject = await bench.control("show", "-s", "--format=%an %s", answer.commit);
    expect(subject).toMatch(/^ada rollback by ada, 4 sites of web go back to .*: 3 is slow$/);
    await everywhere(bench, "1");
    await quiet(bench);

    await controller.stop();
    const again = await startController(bench);
    await bothWorkers(again);
    await bench.fleet.commit({
      "sites/a3.yaml": siteYaml("a3", { region: "east", labels: { ring: "main" } }),
    });
    const joined = bench.mirror("east");
    await eventually("the new site gets what is current", async () =>
      (await joined.file("sites/a3/web/_ConfigMap_web_settings.yaml"))?.includes('"1"'),
    );
    await pause(300);
    expect(new Set(Object.values(await versions(bench)))).toEqual(new Set(["1"]));
    const told = (await (await again.request("/api/v1/history?app=web")).json()) as ReleaseHistory;
    expect(told.releases[0]).toMatchObject({
      kind: "rollback",
      by: "ada",
      source: null,
      verdict: "done",
      summary: "4 of 4 sites",
    });
    expect(told.releases.find(({ isCurrent }) => isCurrent)?.release).toBe(first);
    await bench.fleet.commit(webVersion("4"));
    await everywhere(bench, "4");
  });

  it("refuses what was never through, and names what was", async () => {
    const { bench, controller, commits, history } = await releasedThrice();
    const head = await bench.controlHead();
    const names = (await history()).releases.map(({ release }) => release);
    const rollBack = (to: string, more: object = {}): Promise<unknown> =>
      controller.decide({ verb: "rollback", app: "web", to, why: "x", ...more });
    await expect(rollBack("web-none")).rejects.toThrow(
      new RegExp(`^404 .*web has no release web-none.*${names.join(", ")}`),
    );
    const misspelt = { app: "wbe" };
    await expect(rollBack("web-none", misspelt)).rejects.toThrow(
      /^404 .*no app .*wbe.* is on record.*did you mean .*web/,
    );
    await expect(rollBack(nameOf(await history(), commits[2]))).rejects.toThrow(/^409 /);
    const site = { site: "nowhere" };
    await expect(rollBack(nameOf(await history(), commits[0]), site)).rejects.toThrow(/^404 /);
    const both = { site: "a1", stage: "rest" };
    await expect(rollBack(nameOf(await history(), commits[0]), both)).rejects.toThrow(/^400 /);
    expect(await bench.controlHead()).toBe(head);
    expect((await controller.request("/api/v1/history?app=nothing")).status).toBe(404);
    expect((await controller.request("/api/v1/history")).status).toBe(400);
    expect((await controller.request("/api/v1/history?app=web&limit=0")).status).toBe(400);
  });

  it("takes one site back in the middle of the history, and that one only", async () => {
    const { bench, controller, commits, history } = await releasedThrice();
    const second = nameOf(await history(), commits[1]);
    await controller.decide({ verb: "rollback", app: "web", to: second, site: "b1", why: "x" });
    await eventually("b1 is back", async () => (await versions(bench))["b1"] === "2");
    await quiet(bench);
    await bench.fleet.commit({ "README.md": "nothing of the app" });
    await pause(600);
    expect(await versions(bench)).toEqual({ a1: "3", a2: "3", b1: "2", b2: "3" });
    const status = await controller.status();
    expect(status?.releases).toEqual([]);
    const explained = await controller.request("/api/v1/explain?site=b1&app=web");
    expect(await explained.json()).toMatchObject({
      answer: expect.stringMatching(
        new RegExp(
          `^web is at b1, as its virtual sites say: set back to ${second} by operator at .*: x$`,
        ),
      ) as string,
      waits: [{ code: "set-back", site: "b1", endsWhen: "a newer version of web reaches it" }],
    });
  });

  it("stops a release that is under way", async () => {
    const { bench, controller, commits, history } = await releasedThrice();
    await controller.decide({ verb: "pause", scope: { app: "web", stage: "rest" }, why: "look" });
    await bench.fleet.commit(webVersion("4"));
    await eventually("the canary has it", async () => (await versions(bench))["a1"] === "4");
    await controller.decide({
      verb: "rollback",
      app: "web",
      to: nameOf(await history(), commits[1]),
      why: "no",
    });
    await everywhere(bench, "2");
    await quiet(bench);
    const [, stopped] = (await history()).releases;
    expect(stopped).toMatchObject({ verdict: "stopped", kind: "app" });
  });
});
