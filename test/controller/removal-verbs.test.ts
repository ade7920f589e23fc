/** What becomes of an app's objects where it leaves: what Git said of it before the commit by which it leaves. */
import { describe, expect, it } from "vitest";
import type { ControlSnapshot } from "../../src/controller/control-repository.ts";
import type { Rendering } from "../../src/controller/rendering.ts";
import { leavingByCommit, removalVerbs } from "../../src/controller/start-input.ts";
import { nothingSkipped } from "../../src/controller/words-between.ts";
import { FleetError } from "../../src/core/errors.ts";
import type { Release, RemovalVerb } from "../../src/core/rollout/records.ts";
import {
  aModel,
  appYaml,
  configMapYaml,
  type FleetEdits,
  siteYaml,
  strategyYaml,
  virtualSiteYaml,
} from "../support/fleet.ts";
import type { Files } from "../support/controller-fleet.ts";
import { webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { quiet, settledFleet, versions } from "../support/controller-world.ts";

type Settled = Awaited<ReturnType<typeof settledFleet>>;

const web = (onRemoval: string): Files => ({
  "apps/web.yaml": appYaml("web", { spec: { onRemoval } }),
});

async function follow({ bench, controller }: Settled, files: Files): Promise<void> {
  const commit = await bench.fleet.commit(files);
  await eventually("it is followed", async () => {
    const { revision } = (await controller.status()) ?? {};
    return revision?.endsWith(commit);
  });
}

/** The removals of `web` that are under way. */
async function removalsOf({ bench }: Settled): Promise<Release[]> {
  const list = await bench.control("ls-tree", "-r", "--name-only", "main", "apps/web/open/");
  const records = list.split("\n").filter((path) => path !== "");
  const texts = await Promise.all(records.map((path) => bench.control("show", `main:${path}`)));
  return texts.map((text) => JSON.parse(text) as Release);
}

/** The gates at which the removal of `web` waits. */
async function waitsOf({ controller }: Settled): Promise<string> {
  return eventually("the removal waits", async () => {
    const { waits = [] } = (await controller.status()) ?? {};
    return waits.map(({ reason }) => reason).find((reason) => reason.includes("onRemoval"));
  });
}

/** What is said of `web` by its removals under way, and by two heads. */
async function saidOfWeb(removals: readonly RemovalVerb[], heads: readonly FleetEdits[]) {
  const open = removals.map((verb) => ({ kind: "removal", verb }) as unknown as Release); // what is asked here
  const web = { current: { release: null, partial: [] }, open, bad: [] };
  const state = { head: null, epoch: 1, apps: { web }, holds: [], sites: {}, workers: {} };
  const read = heads.map((edits) => ({ model: aModel(edits), apps: new Map() }));
  const commits = { heads: read, skipped: nothingSkipped };
  const rendering = undefined as unknown as Rendering; // nothing of it is current
  const control = { state } as unknown as ControlSnapshot; // what is asked here
  const { web: said } = await removalVerbs(control, rendering, commits);
  return said;
}

const noWeb: FleetEdits = { "apps/web.yaml": null };
const laxWeb: FleetEdits = { "apps/web.yaml": appYaml("web", { spec: { onRemoval: "delete" } }) };

describe("what nobody grants to a commit that has an app again", () => {
  it.each([
    { what: "by removals under way that hold it", removals: ["hold"], said: "hold" },
    { what: "by removals under way that delete it", removals: ["delete"], said: "delete" },
    { what: "by nobody", removals: [], said: "hold" },
  ] as const)("is told $what", async ({ removals, said }) => {
    expect(await saidOfWeb(removals, [noWeb, laxWeb])).toBe(said);
    expect(await saidOfWeb(removals, [noWeb, noWeb])).toBe(said);
  });

  it("is its own word where it is the first", async () => {
    expect(await saidOfWeb([], [laxWeb])).toBe("delete");
  });
});

/** What grants what `web` leaves by, which no head has, with these removals under way. */
async function grantedBy(
  removals: readonly Pick<Release, "budgetsFrom" | "startedAt">[],
  model: Rendering["model"],
): Promise<string | undefined> {
  const open = removals.map((each) => ({ kind: "removal", ...each }) as unknown as Release); // what is asked here
  const web = { current: { release: null, partial: [] }, open, bad: [] };
  const state = { head: null, epoch: 1, apps: { web }, holds: [], sites: {}, workers: {} };
  const rendering = { model } as unknown as Rendering; // nothing is rendered
  const found = await leavingByCommit(state, rendering, [{ model: aModel(noWeb) }]);
  return found.get("web")?.commit;
}

describe("the strategy by which an app leaves that no head has", () => {
  const older = { budgetsFrom: "older", startedAt: "2030-01-01T00:00:00Z" };
  const newer = { budgetsFrom: "newer", startedAt: "2030-01-02T00:00:00Z" };

  it("is the one of the newest commit that had it, whatever the removals are called", async () => {
    const model = async () => ({ ok: true, value: aModel(laxWeb), diagnostics: [] }) as const;
    expect(await grantedBy([older, newer], model)).toBe("newer");
    expect(await grantedBy([newer, older], model)).toBe("newer");
  });

  it("is another one's where a commit cannot be read any more", async () => {
    const model: Rendering["model"] = async (commit) => {
      if (commit === "newer") throw new FleetError("GIT_NOT_FOUND", "there is no such commit");
      return { ok: true, value: aModel(laxWeb), diagnostics: [] };
    };
    expect(await grantedBy([older, newer], model)).toBe("older");
    expect(await grantedBy([newer], model)).toBeUndefined();
  });
});

describe("onRemoval", { timeout: 60_000 }, () => {
  it("counts as the head before the removal says it, also where a commit changed nothing else", async () => {
    const settled = await settledFleet();
    await follow(settled, web("hold"));
    await follow(settled, { "apps/web.yaml": null });
    expect(await waitsOf(settled)).toContain("onRemoval is hold");
    expect(await versions(settled.bench)).toEqual({ a1: "1", a2: "1", b1: "1", b2: "1" });
  });

  it("is taken at its word when it was hold before", async () => {
    const settled = await settledFleet();
    await follow(settled, web("hold"));
    await follow(settled, web("orphan"));
    await follow(settled, { "apps/web.yaml": null });
    const marker = await eventually("a1 is told to leave", async () =>
      settled.bench.mirror("east").file("sites/a1/web.leaving"),
    );
    expect(JSON.parse(marker)).toMatchObject({ verb: "orphan" });
  });

  it("is that of its removal for a site that is back when no head has the app any more", async () => {
    const settled = await settledFleet();
    const { bench } = settled;
    await follow(settled, web("hold"));
    await follow(settled, { "sites/b1.yaml": null });
    const west = bench.mirror("west");
    await eventually("b1 is let go of", async () => (await west.file("meta/b1.json")) === null);
    await follow(settled, { "apps/web.yaml": null });
    await waitsOf(settled);
    await follow(settled, {
      "sites/b1.yaml": siteYaml("b1", { region: "west", labels: { ring: "main" } }),
    });
    const removals = await eventually("it is to leave b1 too", async () => {
      const found = await removalsOf(settled);
      return found.length > 1 ? found : undefined;
    });
    expect(removals.map(({ verb }) => verb)).toEqual(["hold", "hold"]);
  });

  it("goes with the strategy and dependencies that it was said with, also at a site that is back", async () => {
    const settled = await settledFleet();
    const { bench } = settled;
    const careful = { stages: [{ name: "all", approval: true }] };
    await follow(settled, {
      "strategies/careful.yaml": strategyYaml("careful", careful),
      "apps/till.yaml": appYaml("till"),
      "manifests/till/settings.yaml": configMapYaml("settings"),
      "apps/web.yaml": appYaml("web", {
        spec: { rollout: { strategy: "careful" }, dependsOn: ["till"] },
      }),
    });
    await quiet(bench);
    await follow(settled, { "apps/web.yaml": null });
    await follow(settled, { "sites/b1.yaml": null });
    const west = bench.mirror("west");
    await eventually("b1 is let go of", async () => (await west.file("meta/b1.json")) === null);
    await follow(settled, {
      "sites/b1.yaml": siteYaml("b1", { region: "west", labels: { ring: "main" } }),
    });
    const removals = await eventually("it is to leave b1 too", async () => {
      const found = await removalsOf(settled);
      return found.length > 1 ? found : undefined;
    });
    for (const { strategy, stages, dependsOn } of removals) {
      expect({ strategy, dependsOn }).toEqual({ strategy: "careful", dependsOn: ["till"] });
      expect(stages).toMatchObject([{ name: "all", approval: true }]);
    }
    expect(removals[0]?.budgetsFrom).toBe(removals[1]?.budgetsFrom);
    expect(Object.keys(await versions(bench))).toHaveLength(4);
  });

  it("is not forgotten with the last site that an app was leaving", async () => {
    const settled = await settledFleet();
    const { bench } = settled;
    await follow(settled, {
      "virtual/one.yaml": virtualSiteYaml("one", "ring=canary"),
      "apps/solo.yaml": appYaml("solo", { virtualSites: ["one"], spec: { onRemoval: "hold" } }),
      "manifests/solo/settings.yaml": configMapYaml("settings"),
    });
    const east = bench.mirror("east");
    const stands = async (): Promise<boolean> =>
      (await east.git("ls-tree", "-r", "--name-only", "main")).includes("sites/a1/solo/");
    await eventually("solo is at a1", stands);
    await quiet(bench);
    await follow(settled, { "apps/solo.yaml": null, "manifests/solo/settings.yaml": null });
    await waitsOf(settled);
    await follow(settled, { "sites/a1.yaml": null });
    await eventually("a1 is let go of", async () => (await east.file("meta/a1.json")) === null);
    await follow(settled, {
      "sites/a1.yaml": siteYaml("a1", { region: "east", labels: { ring: "canary" } }),
    });
    await eventually("a1 is back", async () => (await east.file("meta/a1.json")) !== null);
    expect(await waitsOf(settled)).toContain("onRemoval is hold");
    expect(await stands()).toBe(true);
  });

  it("is the stricter one where the head before has a version that is not released", async () => {
    const settled = await settledFleet();
    const { bench, workers } = settled;
    await follow(settled, { ...web("hold"), ...webVersion("2") });
    await quiet(bench);
    workers.east.script.health = () => "Progressing";
    await follow(settled, { ...web("delete"), ...webVersion("3") });
    await follow(settled, { "apps/web.yaml": null });
    expect(await waitsOf(settled)).toContain("onRemoval is hold");
    expect(Object.keys(await versions(bench))).toHaveLength(4);
  });
});
