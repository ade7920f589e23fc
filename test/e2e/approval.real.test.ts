/** A stage that opens only with an approval, on real API servers: it waits, says so in one line, and an operator lets it go. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deploymentText, fourSites, strategyText } from "./fleet-texts.ts";
import { deploymentImage } from "./live.ts";
import { createWorld, eventually, type World } from "./world.ts";

const minutes = 60_000;
const image = (tag: string): string => `example.com/web:${tag}`;

describe("a stage with an approval", { timeout: 3 * minutes }, () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ regions: { east: ["a1", "a2"], west: ["b1", "b2"] } });
  }, 3 * minutes);
  afterAll(() => world[Symbol.asyncDispose]());

  const images = (): Promise<(string | null)[]> =>
    Promise.all(["a1", "a2", "b1"].map((name) => deploymentImage(world.site(name), "web", "web")));
  const hasRelease = (tag: string): Promise<unknown> =>
    eventually(`everything is on ${tag}`, async () => {
      const status = await world.status();
      if (status === null || status.releases.length > 0) return false;
      return (await images()).every((each) => each === image(tag));
    });
  const isFollowed = (commit: string): Promise<unknown> =>
    eventually("the head is followed", async () =>
      (await world.status())?.revision?.endsWith(commit),
    );
  const change = (tag: string): Promise<string> =>
    world.repo.commit({ "manifests/web/deployment.yaml": deploymentText("web", image(tag)) });
  const controlLog = async (): Promise<string> => {
    const args = ["-C", world.controlRepo, "log", "--format=%an|%aI|%s", "--all"];
    return (await promisify(execFile)("git", args)).stdout;
  };
  const linesWith = (text: string, words: string): string[] =>
    text.split("\n").filter((line) => line.includes(words));

  it("waits in words that name the gate, and goes on with the operator's word, which is a commit", async () => {
    await world.repo.commit(fourSites(), "Start the fleet");
    world.startController();
    world.startWorker("east");
    world.startWorker("west");
    await hasRelease("1");
    const stages = [
      "{ name: canary, selector: ring=canary }",
      "{ name: rest, approval: true, soak: 0s }",
    ];
    await isFollowed(
      await world.repo.commit({ "strategies/fast.yaml": strategyText({ stages }) }, "Ask first"),
    );

    await change("2");
    const wait = await eventually("the stage waits for its approval", async () => {
      const waits = (await world.status())?.waits ?? [];
      return waits.find(({ code }) => code === "approval");
    });
    const release = wait.needs?.release ?? "";
    const gate = "stage rest opens only with an approval";
    const ends = `ends when an operator approves stage rest of ${release}`;
    expect(linesWith((await world.cli("status")).stdout, gate)).toEqual([
      `  web stage rest (${release}) at a2, b1, b2: ${gate}; ${ends}`,
    ]);
    expect(linesWith((await world.cli("explain", "b1", "web")).stdout, gate)).toEqual([
      `web is at b1, as its virtual sites say: ${gate}`,
      `  waits      web stage rest (${release}) at b1: ${gate}; ${ends}`,
    ]);
    // The canary has gone through the stage before: nothing there waits.
    expect((await world.cli("explain", "a1", "web")).stdout).not.toContain("waits");
    expect(await images()).toEqual([image("2"), image("1"), image("1")]);

    const words = ["rollout", "approve", "web", release, "--stage", "rest"];
    const silent = await world.cli(...words);
    expect(silent).toMatchObject({ code: 2, stderr: expect.stringContaining("--why is missing") });
    const other = ["rollout", "approve", "web", release, "--stage", "canery", "--why", "x"];
    expect((await world.cli(...other)).code).toBe(1);
    expect(await images()).toEqual([image("2"), image("1"), image("1")]);
    const asked = Date.now();
    const given = await world.cli(...words, "--why", "the canary looks good");
    expect(given).toMatchObject({ code: 0, stderr: "" });
    await hasRelease("2");

    const [commit = ""] = linesWith(await controlLog(), "the canary looks good");
    const [by, at, subject] = commit.split("|");
    expect([by, subject]).toEqual([
      "operator",
      `approve by operator, approved stage rest of ${release}: the canary looks good`,
    ]);
    expect(Math.abs(Date.parse(at ?? "") - asked)).toBeLessThan(30_000);
  });
});
