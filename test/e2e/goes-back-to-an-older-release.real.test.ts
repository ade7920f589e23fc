/** `flotilla rollout rollback APP --to RELEASE` on real API servers: what was there before an object was added and one dropped. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseHistory } from "../../src/core/protocol/api.ts";
import { configMapText, fourSites, strategyText } from "./fleet-texts.ts";
import { configMapData } from "./live.ts";
import { createWorld, eventually, type World } from "./world.ts";

const minutes = 60_000;
const names = ["a1", "a2", "b1"] as const;

describe("going back to an older release", { timeout: 5 * minutes }, () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ regions: { east: ["a1", "a2"], west: ["b1", "b2"] } });
  }, 5 * minutes);
  afterAll(() => world[Symbol.asyncDispose]());

  const everywhere = async (name: string, key: string | null): Promise<void> => {
    await eventually(`${name} is ${key ?? "gone"} everywhere`, async () => {
      const status = await world.status();
      if (status === null || status.releases.length > 0) return false;
      const found = await Promise.all(
        names.map((site) => configMapData(world.site(site), "web", name)),
      );
      return found.every((data) => (data?.["key"] ?? null) === key);
    });
  };

  it("brings back what was dropped, takes away what came, and only with consent where that is protected", async () => {
    await world.repo.commit({
      ...fourSites(),
      "strategies/fast.yaml": strategyText(),
      "manifests/web/settings.yaml": configMapText("settings", { key: "1" }),
      "manifests/web/old.yaml": configMapText("old", { key: "old" }),
    });
    world.startController();
    world.startWorker("east");
    world.startWorker("west");
    await everywhere("settings", "1");
    await world.repo.commit({
      "manifests/web/settings.yaml": configMapText("settings", { key: "2" }),
      "manifests/web/old.yaml": null,
      "manifests/web/new.yaml": configMapText("new", { key: "new" }).replace(
        "{ name: new }",
        '{ name: new, annotations: { flotilla.dev/protect: "true" } }',
      ),
    });
    await everywhere("new", "new");
    await everywhere("old", null);

    const history = JSON.parse(
      (await world.cli("history", "web", "-o", "json")).stdout,
    ) as ReleaseHistory;
    const first = history.releases.at(-1)?.release ?? "";
    const unknown = await world.cli("rollout", "rollback", "web", "--to", "web-x", "--why", "no");
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain(first);
    await world.cli("rollout", "rollback", "web", "--to", first, "--why", "2 is bad");
    const wait = await eventually("it waits for consent", async () => {
      const waits = (await world.status())?.waits ?? [];
      return waits.find(({ code }) => code === "deletions");
    });
    expect(wait.needs).toMatchObject({ what: "deletions", value: "4" });
    expect(await configMapData(world.site("b1"), "web", "settings")).toEqual({ key: "2" });
    const given = ["--deletions", "4", "--why", "nothing in it"];
    await world.cli("rollout", "approve", "web", wait.needs?.release ?? "", ...given);
    await everywhere("settings", "1");
    await everywhere("old", "old");
    await everywhere("new", null);
  });
});
