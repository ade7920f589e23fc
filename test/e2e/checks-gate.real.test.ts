/** Checks of an app on real API servers: a site waits for what another app there is like, and says so. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appText, deploymentText, fourSites, siteText, strategyText } from "./fleet-texts.ts";
import { deploymentImage } from "./live.ts";
import { createWorld, eventually, type World } from "./world.ts";

const minutes = 60_000;
const image = (app: string, tag: string): string => `example.com/${app}:${tag}`;

const checks = `  checks:
    before:
      - name: database
        cel: '"db" in apps && apps.db.healthy'
        message: mend the database first
    after:
      - { name: steady, cel: app.healthyForSeconds >= 2 }
`;

describe("checks", { timeout: 3 * minutes }, () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ regions: { east: ["a1", "a2"] } });
  }, 3 * minutes);
  afterAll(() => world[Symbol.asyncDispose]());

  const images = (app: string): Promise<(string | null)[]> =>
    Promise.all(["a1", "a2"].map((name) => deploymentImage(world.site(name), app, app)));
  const isQuiet = async (app: string, tag: string): Promise<boolean> => {
    const status = await world.status();
    if (status === null || status.releases.some((release) => release.app === app)) return false;
    return (await images(app)).every((each) => each === image(app, tag));
  };
  const change = (app: string, tag: string): Promise<string> =>
    world.repo.commit({
      [`manifests/${app}/deployment.yaml`]: deploymentText(app, image(app, tag)),
    });

  it("hold a site back while another app is broken there, by name, and let it go when that heals", async () => {
    const { "sites/b1.yaml": _, "sites/b2.yaml": __, ...fleet } = fourSites();
    await world.repo.commit({
      ...fleet,
      "sites/a2.yaml": siteText({ name: "a2", region: "east" }),
      "apps/web.yaml": appText({ name: "web", extra: checks }),
      "apps/db.yaml": appText({ name: "db" }),
      "manifests/db/deployment.yaml": deploymentText("db", image("db", "1")),
      "strategies/fast.yaml": strategyText({ stages: ["{ name: all }"], progressDeadline: "20s" }),
    });
    world.startController();
    world.startWorker("east");
    await eventually("everything is on 1", async () => {
      return (await isQuiet("web", "1")) && (await isQuiet("db", "1"));
    });

    world.site("a2").kubelet.setScript([{ match: { image: image("db", "2") }, outcome: "image" }]);
    await change("db", "2");
    await eventually("db is broken at a2", async () => {
      const { stdout } = await world.cli("explain", "a2", "db");
      const isThere = (await images("db"))[1] === image("db", "2");
      return isThere && /observed .*(Progressing|Degraded)/.test(stdout);
    });
    await change("web", "2");
    const waiting = await eventually("a1 has it, a2 waits", async () => {
      const { stdout } = await world.cli("explain", "a2", "web");
      const isThere = (await images("web"))[0] === image("web", "2");
      return isThere && stdout.includes("check database") && stdout;
    });
    expect(waiting).toContain("check database is not true: mend the database first");
    expect(waiting).toContain('`"db" in apps && apps.db.healthy` is true');
    expect(await images("web")).toEqual([image("web", "2"), image("web", "1")]);

    await change("db", "3");
    await eventually("web is on 2 everywhere", () => isQuiet("web", "2"));
  });

  it("AC-15: of an app come to a site only when what it depends on has come there, in the same commit, and is healthy", async () => {
    const scripted = { match: { image: image("db", "4") }, outcome: "image" as const };
    await world.repo.commit({
      "apps/web.yaml": appText({ name: "web", extra: "  dependsOn: [db]\n" }),
      "strategies/fast.yaml": strategyText({ stages: ["{ name: all }"] }),
    });
    await eventually("web depends on db", async () => isQuiet("web", "2"));
    world.site("a2").kubelet.setScript([scripted]);
    await world.repo.commit(
      Object.fromEntries(
        ["db", "web"].map((app) => [
          `manifests/${app}/deployment.yaml`,
          deploymentText(app, image(app, "4")),
        ]),
      ),
    );
    const waiting = await eventually("a2 has db alone", async () => {
      const { stdout } = await world.cli("explain", "a2", "web");
      const isThere = (await images("db"))[1] === image("db", "4");
      return isThere && stdout.includes("depends on") && stdout;
    });
    expect(waiting).toMatch(/web depends on db, and db-\S+ is in flight there/u);
    expect((await images("web"))[1]).toBe(image("web", "2"));

    world.site("a2").kubelet.setScript([]);
    await eventually("web is on 4 everywhere", () => isQuiet("web", "4"));
  });
});
