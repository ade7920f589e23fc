/** A release that its canary cannot run goes back by itself, on real API servers; then the fix goes through. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deploymentText, fourSites, strategyText } from "./fleet-texts.ts";
import { deploymentImage } from "./live.ts";
import { createWorld, eventually, type World } from "./world.ts";

const minutes = 60_000;
const image = (tag: string): string => `example.com/web:${tag}`;

describe("a bad release", { timeout: 3 * minutes }, () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ regions: { east: ["a1", "a2"], west: ["b1", "b2"] } });
  }, 3 * minutes);
  afterAll(() => world[Symbol.asyncDispose]());

  const images = (): Promise<(string | null)[]> =>
    Promise.all(["a1", "a2", "b1"].map((name) => deploymentImage(world.site(name), "web", "web")));
  const hasRelease = async (tag: string): Promise<void> => {
    await eventually(`everything is on ${tag}`, async () => {
      const status = await world.status();
      if (status === null || status.releases.length > 0) return false;
      return (await images()).every((each) => each === image(tag));
    });
  };
  const change = (tag: string): Promise<string> =>
    world.repo.commit({ "manifests/web/deployment.yaml": deploymentText("web", image(tag)) });

  it("goes back at its canary, is not tried elsewhere, and a fix goes through", async () => {
    await world.repo.commit(fourSites(), "Start the fleet");
    await world.repo.commit({
      "strategies/fast.yaml": strategyText({
        stages: ["{ name: canary, selector: ring=canary }", "{ name: rest }"],
        progressDeadline: "10s",
        rollback: "failed",
      }),
    });
    world.startController();
    world.startWorker("east");
    world.startWorker("west");
    await hasRelease("1");

    world.site("a1").kubelet.setScript([{ match: { image: image("2") }, outcome: "image" }]);
    await change("2");
    await eventually("the canary has it", async () => (await images())[0] === image("2"));
    const back = await eventually("the canary went back", async () => {
      const [release] = (await world.status())?.releases ?? [];
      const isBack = (await images())[0] === image("1");
      return isBack && release?.stages[0]?.rolledBack === 1 && release;
    });
    expect(back.state).toBe("failed");
    expect(await images()).toEqual([image("1"), image("1"), image("1")]);

    await change("3");
    await hasRelease("3");
  });
});
