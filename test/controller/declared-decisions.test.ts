/** Decisions as files of the fleet repository, with a real controller and real git. */
import { describe, expect, it } from "vitest";
import { webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { writeFiles } from "../support/git-repository.ts";
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

const decision = (name: string, what: string): string => `apiVersion: flotilla.dev/v1alpha1
kind: Decision
metadata: { name: ${name} }
spec:
  why: counted until Monday
  ${what}
`;

const file = "decisions/keep.yaml";
const all = (version: string): Record<string, string> => ({
  a1: version,
  a2: version,
  b1: version,
  b2: version,
});

describe("a hold in the fleet repository", { timeout: 240_000 }, () => {
  it.each([
    ["ana (token)", "ana token"],
    ["flotilla-controller", "unknown"],
  ])("is by who committed it, whom nobody has proven: %s", async (author, by) => {
    const { bench, controller } = await settledFleet();
    await writeFiles(bench.fleet.dir, { [file]: decision("keep", "hold: { app: web }") });
    await bench.fleet.git("add", "-A");
    await bench.fleet.git("commit", "-q", "-m", "hold", `--author=${author} <a@example.com>`);
    const held = await eventually("it is held", async () => (await controller.status())?.holds[0]);
    expect(held.by).toBe(by);
    expect(await bench.control("log", "-1", "--format=%an", "--", "holds/git--keep.json")).toBe(by);
  });

  it("counts for its own commit, is not ended by the API, and ends with its file", async () => {
    const { bench, controller } = await settledFleet();
    const scope = { app: "web" };
    await bench.fleet.commit({
      ...webVersion("2"),
      [file]: decision("keep", "hold: { app: web }"),
    });
    const status = await eventually("the release is held", async () => {
      const now = await controller.status();
      return now?.releases[0]?.state === "held" && now;
    });
    expect(status.holds).toMatchObject([
      { id: "git--keep", declared: `${file}:5`, target: scope, why: "counted until Monday" },
    ]);
    expect(status.waits[0]).toMatchObject({
      code: "held",
      endsWhen: `the Decision keep (${file}:5) leaves the fleet repository`,
    });
    const by = await bench.control("log", "-1", "--format=%an", "--", "holds/git--keep.json");
    expect(by).toBe(status.holds[0]?.by);
    await expect(controller.decide({ verb: "resume", scope, why: "x" })).rejects.toThrow(
      /^409 .*remove the Decision keep \(decisions\/keep.yaml:5\)/,
    );
    await controller.decide({ verb: "pause", scope, why: "both" });
    await controller.decide({ verb: "resume", scope, why: "not both" });
    await controller.stop();
    const again = await startController(bench);
    await bothWorkers(again);
    await bench.fleet.commit({ "README.md": "nothing of the app" });
    await pause(800);
    expect(await versions(bench)).toEqual(all("1"));
    await bench.fleet.commit({ [file]: decision("keep", "hold: { app: web, stage: rest }") });
    await eventually("only the rest is held", async () => (await versions(bench))["a1"] === "2");
    expect(await versions(bench)).toEqual({ ...all("1"), a1: "2" });
    await bench.fleet.commit({ [file]: null });
    await everywhere(bench, "2");
    expect((await again.status())?.holds).toEqual([]);
    await bench.fleet.commit({ [file]: decision("keep", "hold: { app: web }") });
    await eventually("it is held again", async () => (await again.status())?.holds.length === 1);
    await bench.fleet.commit({ ...webVersion("3"), [file]: null });
    await eventually("what its commit started is held", async () => {
      const now = await again.status();
      return now?.waits[0]?.endsWhen.startsWith("the next commit is followed") === true;
    });
    expect(await versions(bench)).toEqual(all("2"));
    await bench.fleet.commit({ "README.md": "it may go" });
    await everywhere(bench, "3");
  });
});

describe("a decision in the fleet repository", { timeout: 240_000 }, () => {
  it("is carried out once, in the name of who committed it, and never for its own commit", async () => {
    const { bench, controller } = await settledFleet();
    await bench.fleet.commit(webVersion("2"));
    await everywhere(bench, "2");
    await quiet(bench);
    const answer = await controller.request("/api/v1/history?app=web");
    const { releases } = (await answer.json()) as ReleaseHistory;
    const to = releases.at(-1)?.release ?? "";
    await bench.fleet.commit({
      "decisions/back.yaml": decision("back", `rollback: { app: web, to: ${to} }`),
      "decisions/late.yaml": decision("late", "promote: { app: web, release: web-none }"),
    });
    await everywhere(bench, "1");
    await quiet(bench);
    const told = await controller.status();
    expect(told?.warnings.find((line) => line.includes("decision late was refused"))).toMatch(
      /^decisions\/late.yaml:5: .*: web has no such open release/,
    );
    const record = await bench.control("show", "main:decisions/back.json");
    expect(JSON.parse(record)).toMatchObject({
      outcome: "done",
      file: "decisions/back.yaml",
      message: `4 sites of web go back to ${to}`,
    });
    await controller.stop();
    const again = await startController(bench);
    await bothWorkers(again);
    await bench.fleet.commit({
      ...webVersion("3"),
      "decisions/own.yaml": decision("own", "promote: { app: web }"),
    });
    await everywhere(bench, "3");
    const own = await bench.control("show", "main:decisions/own.json");
    expect(JSON.parse(own)).toMatchObject({ outcome: "refused" });
    await pause(500);
    expect(await versions(bench)).toEqual(all("3"));
  });
});
