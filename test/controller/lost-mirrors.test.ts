/** A mirror whose repository is gone, damaged or cannot be written holds up its own region, and nothing else. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FleetStatus } from "../../src/core/protocol/api.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import {
  type ControllerApi,
  type ControllerBench,
  controllerBench,
  mirrorTokens,
} from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  openReleases,
  quiet,
  settledFleet,
  startController,
  versions,
  workerFor,
} from "../support/controller-world.ts";
import { configMapYaml, siteYaml } from "../support/fleet.ts";

const west = ({ stateDir }: ControllerBench): string => join(stateDir, "mirrors/west.git");
const b1InEast = { "sites/b1.yaml": siteYaml("b1", { region: "east", labels: { ring: "main" } }) };
const burnt = { verb: "excuse", site: "b1", uid: "uid-of-b1", why: "its host burnt" } as const;

async function eastHas(bench: ControllerBench, version: string): Promise<void> {
  await eventually(`version ${version} is in east`, async () => {
    const { a1, a2 } = await versions(bench);
    return a1 === version && a2 === version;
  });
}

/** The reason that is told for web at the site, once it is this one. */
async function told(controller: ControllerApi, site: string, reason: string): Promise<string> {
  return eventually(`${site}: ${reason}`, async () => {
    const waits = (await controller.status())?.waits ?? [];
    return waits.find((wait) => wait.site === site && wait.reason === reason)?.endsWhen;
  });
}

/** The worker of west tells that it follows this commit. */
async function tellHead({ url }: ControllerApi, head: string): Promise<void> {
  const body = { worker: "w", sequence: 1, full: true, head, epoch: 0 };
  const answer = await fetch(`${url}/mirrors/west.git/reports`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`flotilla:${mirrorTokens.west}`).toString("base64")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ ...body, sites: [], apps: [], stopped: {}, refused: "" }),
  });
  expect(answer.status).toBe(200);
}

function regionOf(status: FleetStatus | null, name: string) {
  return status?.regions.find((region) => region.name === name);
}

describe("a mirror that cannot be read", { timeout: 120_000 }, () => {
  it("stops its own region alone, says what to do, and goes on when it is back", async () => {
    const { bench, controller } = await settledFleet();
    const aside = join(bench.dir, "aside.git");
    await rename(west(bench), aside);
    await bench.fleet.commit(webVersion("2"));
    await eventually("it is told", async () =>
      regionOf(await controller.status(), "west")?.message.includes("cannot be read"),
    );
    const region = regionOf(await controller.status(), "west");
    expect(region?.worker).toBe("silent");
    expect(region?.message).toContain("move mirrors/west.git out of the state folder");
    await controller.decide({ verb: "excuse", region: "west", why: "its disk is away" });
    await eastHas(bench, "2");
    const end = await told(controller, "b1", "the mirror of west cannot be read");
    expect(end).toContain("`flotilla status` says what to do");

    await rename(aside, west(bench));
    await everywhere(bench, "2");
    const log = await bench.mirror("west").git("log", "--format=", "--name-only", "main");
    expect(log).not.toContain(".leaving");
  });

  it("keeps no removal from its sites that a commit brings meanwhile", async () => {
    const { bench, controller } = await settledFleet();
    const aside = join(bench.dir, "aside.git");
    await rename(west(bench), aside);
    await bench.fleet.commit({ "apps/web.yaml": null });
    await eventually("the removal begins", async () => (await openReleases(bench)).length > 0);
    expect(regionOf(await controller.status(), "west")?.message).toContain("cannot be read");
    await rename(aside, west(bench));
    await eventually("web is gone", async () => Object.keys(await versions(bench)).length === 0);
    await quiet(bench);
    expect(await bench.mirror("west").files()).toEqual(["meta/b1.json", "meta/b2.json"]);
  });

  it("keeps none that comes to a controller which has started meanwhile", async () => {
    const { bench, controller } = await settledFleet();
    const aside = join(bench.dir, "aside.git");
    await controller.stop();
    await rename(west(bench), aside);
    await writeFile(west(bench), "no repository\n");
    const second = await startController(bench);
    await workerFor(second, "east");
    await bench.fleet.commit({ "apps/web.yaml": null });
    await eventually("web is gone from east", async () => {
      const { a1, a2 } = await versions(bench);
      return a1 === undefined && a2 === undefined;
    });
    expect(regionOf(await second.status(), "west")?.message).toContain("cannot be read");
    await rm(west(bench));
    await rename(aside, west(bench));
    await workerFor(second, "west");
    await eventually("web is gone", async () => Object.keys(await versions(bench)).length === 0);
    await quiet(bench);
    expect(await bench.mirror("west").files()).toEqual(["meta/b1.json", "meta/b2.json"]);
  });

  it("lets a site go to another region by the word that names its cluster, and by no other", async () => {
    const { bench, controller } = await settledFleet();
    await rm(west(bench), { recursive: true });
    await bench.fleet.commit(b1InEast);
    const silent =
      "b1 leaves west, whose worker is silent and has to say that it stopped writing there";
    const end = await told(controller, "b1", silent);
    expect(end).toContain("`flotilla rollout excuse --site b1 --uid uid-of-b1 --why TEXT`");
    await controller.decide({ verb: "excuse", region: "west", why: "its disk is gone" });
    await controller.decide({ verb: "pause", scope: { stage: "rest" }, why: "a pass more" });
    expect(await bench.mirror("east").file("meta/b1.json")).toBeNull();
    await controller.decide(burnt);
    const meta = await eventually("b1 is in east", async () =>
      bench.mirror("east").file("meta/b1.json"),
    );
    expect(JSON.parse(meta)).toMatchObject({ region: "east", uid: "uid-of-b1" });
  });

  it("keeps no site outside that had left it, where an operator says that its worker is gone", async () => {
    const { bench, controller, workers } = await settledFleet();
    await workers.west.stop();
    await bench.fleet.commit(b1InEast);
    await eventually("b1 has left west", async () => {
      return (await bench.mirror("west").file("meta/b1.json")) === null;
    });
    await rename(join(west(bench), "objects"), join(bench.dir, "objects"));
    await controller.decide(burnt);
    const meta = await eventually("b1 is in east", async () =>
      bench.mirror("east").file("meta/b1.json"),
    );
    expect(JSON.parse(meta)).toMatchObject({ region: "east", uid: "uid-of-b1" });
    expect(await bench.mirror("east").file("sites/b1/web/_ConfigMap_web_settings.yaml")).toContain(
      'version: "1"',
    );
  });

  it("keeps no controller from starting, and is made anew where somebody moves it away", async () => {
    const { bench, controller, workers } = await settledFleet();
    await controller.stop();
    await workers.west.stop();
    await rm(join(west(bench), "objects"), { recursive: true });
    await mkdir(join(west(bench), "objects"));
    const second = await startController(bench);
    await bench.fleet.commit(webVersion("2"));
    await eastHas(bench, "2");
    await second.stop();
    await rename(west(bench), join(bench.dir, "damaged.git"));
    const third = await startController(bench);
    await workerFor(third, "west");
    await everywhere(bench, "2");
    expect(regionOf(await third.status(), "west")?.worker).toBe("live");
  });
});

describe(
  "mirrors that are lost, and whose workers were not heard yet",
  { timeout: 120_000 },
  () => {
    it("let nothing be deleted without a word that was protected there, whatever a version on hold says of it", async () => {
      const marked = configMapYaml("settings", { version: "1" }).replace(
        "{name: settings}",
        '{name: settings, annotations: {flotilla.dev/protect: "true"}}',
      );
      const bench = await controllerBench();
      await commitFleet(bench.fleet, { "manifests/web/settings.yaml": marked });
      const controller = await startController(bench);
      const workers = await bothWorkers(controller);
      await everywhere(bench, "1");
      await quiet(bench);
      await controller.decide({ verb: "pause", scope: { app: "web" }, why: "not today" });
      await bench.fleet.commit(webVersion("2"));
      await eventually("version 2 is held", async () => (await openReleases(bench)).length > 0);
      await Promise.all([workers.east.stop(), workers.west.stop(), controller.stop()]);
      await rename(join(bench.stateDir, "mirrors"), join(bench.dir, "lost"));
      await startController(bench);
      await bench.fleet.commit({ "apps/web.yaml": null });
      const path = await eventually("the removal begins", async () =>
        (await openReleases(bench)).find((each) => each.includes("removal")),
      );
      const { deletions } = JSON.parse(await bench.control("show", `main:${path}`)) as Release;
      expect(deletions.objects).toBe(4);
      expect(deletions.needsApproval).toContain("ConfigMap web/settings is protected");
    });
  },
);

describe("a mirror in whose place is something else", { timeout: 120_000 }, () => {
  it("keeps no controller from starting, and is left as it is", async () => {
    const { bench, controller } = await settledFleet();
    await controller.stop();
    await rename(west(bench), join(bench.dir, "aside.git"));
    await writeFile(west(bench), "no repository\n");
    const second = await startController(bench);
    await eventually("it is told", async () =>
      regionOf(await second.status(), "west")?.message.includes("cannot be read"),
    );
    expect(await readFile(west(bench), "utf8")).toBe("no repository\n");
  });
});

describe.each(["HEAD", "objects", "refs"])(
  "a mirror whose %s is gone",
  { timeout: 120_000 },
  (name) => {
    it("keeps no controller from starting, and goes on when it is back", async () => {
      const { bench, controller } = await settledFleet();
      await controller.stop();
      await rename(join(west(bench), name), join(bench.dir, "aside"));
      const second = await startController(bench);
      await workerFor(second, "east");
      await eventually("it is told", async () =>
        regionOf(await second.status(), "west")?.message.includes("cannot be read"),
      );
      await rename(join(bench.dir, "aside"), join(west(bench), name));
      await workerFor(second, "west");
      await bench.fleet.commit(webVersion("2"));
      await everywhere(bench, "2");
      expect(regionOf(await second.status(), "west")?.worker).toBe("live");
    });
  },
);

describe("a mirror that is damaged while its controller runs", { timeout: 120_000 }, () => {
  it("stops its own region alone also where its worker tells of a commit that is looked for there", async () => {
    const { bench, controller, workers } = await settledFleet();
    await workers.west.stop();
    const [objects, aside] = [join(west(bench), "objects"), join(bench.dir, "objects")];
    await rename(objects, aside);
    await tellHead(controller, "a".repeat(40));
    await bench.fleet.commit(webVersion("2"));
    await eventually("it is told", async () =>
      regionOf(await controller.status(), "west")?.message.includes("cannot be read"),
    );
    await controller.decide({ verb: "excuse", region: "west", why: "its disk is away" });
    await eastHas(bench, "2");

    await rename(aside, objects);
    await workerFor(controller, "west");
    await everywhere(bench, "2");
    expect(regionOf(await controller.status(), "west")?.worker).toBe("live");
  });
});

describe("a mirror that cannot be written", { timeout: 120_000 }, () => {
  it("keeps its own sites alone, and says so", async () => {
    const { bench, controller, workers } = await settledFleet();
    // A lock that nobody can take away, as on a disk that is read-only.
    await mkdir(join(west(bench), "refs/heads/main.lock"));
    await bench.fleet.commit(webVersion("2"));
    await eastHas(bench, "2");
    await eventually("it is told", async () =>
      (await controller.status())?.warnings.some(
        (text) => text.startsWith("mirror west: ") && text.includes("west.git cannot be written"),
      ),
    );
    await workers.west.stop();
    await bench.fleet.commit(b1InEast);
    await told(
      controller,
      "b1",
      "b1 leaves west, whose worker is silent and has to say that it stopped writing there",
    );
    await controller.decide(burnt);
    await told(controller, "b1", "b1 leaves west, and stands in its mirror still");
    expect(await bench.mirror("east").file("meta/b1.json")).toBeNull();
    await rm(join(west(bench), "refs/heads/main.lock"), { recursive: true });
    await eventually("b1 is in east", async () => bench.mirror("east").file("meta/b1.json"));
    expect(await bench.mirror("west").file("meta/b1.json")).toBeNull();
  });
});
