/** A window and a freeze, on real API servers and the real clock. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deploymentText, fleetText, fourSites, virtualSiteText } from "./fleet-texts.ts";
import { deploymentImage } from "./live.ts";
import { createWorld, eventually, type World } from "./world.ts";

const minutes = 60_000;
const image = (tag: string): string => `example.com/web:${tag}`;

/** A window of the canary, site a1, whose clock is three quarters of an hour off the full hour. */
const window = (spec: string): string => `apiVersion: flotilla.dev/v1alpha1
kind: MaintenanceWindow
metadata: { name: quiet }
spec:
  virtualSites: [early]
  timeZone: Asia/Kathmandu
${spec}`;

/** `HH:MM` by the clock in Kathmandu. */
const timeOfDay = (at: number): string =>
  new Intl.DateTimeFormat("en-GB", {
    timeZone: "Asia/Kathmandu",
    hour: "2-digit",
    minute: "2-digit",
  }).format(at);

describe("a maintenance window", { timeout: 4 * minutes }, () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ regions: { east: ["a1", "a2"], west: ["b1", "b2"] } });
  }, 3 * minutes);
  afterAll(() => world[Symbol.asyncDispose]());

  const imageAt = (site: string): Promise<string | null> =>
    deploymentImage(world.site(site), "web", "web");
  const change = (tag: string): Promise<string> =>
    world.repo.commit({ "manifests/web/deployment.yaml": deploymentText("web", image(tag)) });
  const waitsForWindow = (end: RegExp): Promise<void> =>
    eventually("the canary waits for its window", async () => {
      const waits = (await world.status())?.waits ?? [];
      return waits.some(
        ({ site, code, endsWhen }) => site === "a1" && code === "window" && end.test(endsWhen),
      );
    }).then(() => undefined);

  it("holds the canary until it opens, and a freeze until a commit ends it", async () => {
    await world.repo.commit(fourSites(), "Start the fleet");
    world.startController();
    world.startWorker("east");
    world.startWorker("west");
    await eventually("all are on 1", async () => (await imageAt("b2")) === image("1"));

    // A whole minute that is far enough for the commits before it to be followed.
    const opensAt = Math.ceil((Date.now() + 30_000) / minutes) * minutes;
    const named = {
      "fleet.yaml": fleetText("  windows: [quiet]\n"),
      "virtual/early.yaml": virtualSiteText("early", "ring=canary"),
    };
    const open = `  open: [{ start: "${timeOfDay(opensAt)}", duration: 20h }]\n`;
    await world.repo.commit({ ...named, "quiet.yaml": window(open) }, "Only from then on");
    await change("2");
    const iso = new Date(opensAt).toISOString();
    await waitsForWindow(new RegExp(`^${iso.replaceAll(".", "\\.")} .* in UTC`));
    expect(await imageAt("a1")).toBe(image("1"));
    await eventually(
      "the canary has 2",
      async () => (await imageAt("a1")) === image("2"),
      2 * minutes,
    );
    expect(Date.now()).toBeGreaterThanOrEqual(opensAt);
    await eventually("all have 2", async () => (await imageAt("b2")) === image("2"));

    const freeze = '  closed: [{ from: "2020-01-01", until: "2120-01-01", why: sale }]\n';
    await world.repo.commit({ "quiet.yaml": window(freeze) }, "Freeze");
    await change("3");
    await waitsForWindow(/^2120-/);
    expect(await imageAt("a1")).toBe(image("2"));
    await world.repo.commit({ "quiet.yaml": window(open) }, "End the freeze");
    await eventually("all have 3", async () => (await imageAt("b2")) === image("3"));
  });
});
