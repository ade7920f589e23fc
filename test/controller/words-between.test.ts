import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { KnownFleet } from "../../src/core/model/known-fleet.ts";
import { type LoadedFleet, loadFleet } from "../../src/core/model/load-fleet.ts";
import { siteFacts } from "../../src/core/rollout/fleet-facts.ts";
import type { AppControl } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { wordsBetween } from "../../src/controller/words-between.ts";
import type { World } from "../../src/controller/world.ts";
import { type Files, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import type { ControllerBench } from "../support/controller-process.ts";
import { quiet, settledFleet, startController, versions } from "../support/controller-world.ts";
import { aFleet, aModel, appYaml, fleetYaml, siteYaml, virtualSiteYaml } from "../support/fleet.ts";
import type { TestRepository } from "../support/git-repository.ts";

/** The branch goes on by these commits while no controller looks; one that starts then follows the last of them. */
async function whileNobodyLooks(before: Files, ...commits: readonly Files[]) {
  return afterFollowing([before], ...commits);
}

/** The same, once it has followed some, one after the other. */
async function afterFollowing(followed: readonly Files[], ...commits: readonly Files[]) {
  const { bench, controller } = await settledFleet();
  for (const files of followed) await follows(bench, await bench.fleet.commit(files));
  await controller.stop();
  let last = "";
  for (const files of commits) last = await bench.fleet.commit(files);
  const next = await startController(bench);
  await follows(bench, last);
  return { bench, controller: next };
}

async function follows(bench: ControllerBench, commit: string): Promise<void> {
  await eventually("it is followed", async () =>
    (await bench.control("show", "main:head.json")).includes(`"commit":"${commit}"`),
  );
}

const b1 = (decommission: "delete" | "forget"): Files => ({
  "sites/b1.yaml": siteYaml("b1", {
    region: "west",
    labels: { ring: "main" },
    spec: { decommission },
  }),
});
const web = (onRemoval: string): Files => ({
  "apps/web.yaml": appYaml("web", { spec: { onRemoval } }),
});
const everywhereOne = { a1: "1", a2: "1", b1: "1", b2: "1" };
/** What leaves waits for consent. */
const consent: Files = {
  "fleet.yaml": fleetYaml({
    rollout: { strategy: "fast" },
    deletionBudget: { objects: 0, percent: 100 },
  }),
};
const noB1: Files = { "sites/b1.yaml": null };
const noWeb: Files = { "apps/web.yaml": null, "manifests/web/settings.yaml": null };

const till = (onRemoval: string): string =>
  appYaml("till", { virtualSites: ["shops"], spec: { onRemoval } });

/** The head before. */
function aHead(commit: string) {
  const model = aModel();
  return { commit, model, facts: siteFacts(model) };
}

/** Of an app of which removals are under way at these sites. */
function leavingFrom(...sites: readonly string[]): AppControl {
  const list = Object.fromEntries(sites.map((site) => [site, { stage: 0, from: null, to: null }]));
  const removal = { kind: "removal", list } as unknown as Release; // what is asked here
  return { current: { release: null, partial: [] }, open: [removal], bad: [] };
}

function raise(): never {
  throw new Error("no such commit");
}

/** Of more bytes than are read: 200 times the same 4 MiB. The next commit has them no more. */
async function commitTooMuch(fleet: TestRepository): Promise<void> {
  await writeFile(join(fleet.dir, "large.txt"), " ".repeat(4 * 1024 * 1024));
  const blob = await fleet.git("hash-object", "-w", "large.txt");
  await rm(join(fleet.dir, "large.txt"));
  const paths = Array.from({ length: 200 }, (_, index) => `large/${index}.txt`);
  const entries = paths.flatMap((path) => ["--cacheinfo", `100644,${blob},${path}`]);
  await fleet.git("update-index", "--add", ...entries);
  await fleet.git("commit", "-q", "-m", "large");
}

describe("what a commit said that no pass followed", { timeout: 120_000 }, () => {
  it("keeps the apps of a site that the next one removes", async () => {
    const { bench } = await whileNobodyLooks(b1("delete"), b1("forget"), { "sites/b1.yaml": null });
    const west = bench.mirror("west");
    await eventually("it is let go of", async () => (await west.file("meta/b1.json")) === null);
    const all = await west.git("log", "--format=", "--name-only", "main");
    expect(all).not.toContain("sites/b1/web.leaving");
  });

  it("grants nothing to the next one either", async () => {
    const { bench } = await whileNobodyLooks(b1("forget"), b1("delete"), { "sites/b1.yaml": null });
    const west = bench.mirror("west");
    await eventually("it is let go of", async () => (await west.file("meta/b1.json")) === null);
    const all = await west.git("log", "--format=", "--name-only", "main");
    expect(all).not.toContain("sites/b1/web.leaving");
  });

  it("keeps what a site still has that was leaving already, and was back without that word", async () => {
    const { bench } = await afterFollowing(
      [{ ...consent, ...b1("delete") }, noB1],
      b1("forget"),
      noB1,
    );
    const west = bench.mirror("west");
    await eventually("it is let go of", async () => (await west.file("meta/b1.json")) === null);
    expect(await bench.control("show", "main:sites/b1.json")).not.toContain('"leaving"');
  });

  it("says nothing to a site that is leaving already, where it was back with that word", async () => {
    const { bench } = await afterFollowing(
      [{ ...consent, ...b1("delete") }, noB1],
      b1("delete"),
      noB1,
    );
    expect(await bench.control("show", "main:sites/b1.json")).toContain('"leaving"');
  });

  it("holds what has not left yet of an app that was leaving already", async () => {
    const { bench, controller } = await afterFollowing(
      [web("delete"), noWeb],
      { ...web("hold"), ...webVersion("1") },
      noWeb,
    );
    await eventually("it waits for an approval", async () => {
      const found = await controller.status();
      return found?.waits.some(({ code }) => code === "removal-verb") === true;
    });
    expect(await versions(bench)).toEqual({ a2: "1", b1: "1", b2: "1" });
  });

  it.each([
    { what: "nothing", text: "kind: [App", leaves: true },
    { what: "that it is kept, where it names it", text: "kind: [Site # b1", leaves: false },
  ])("says $what of a site that is leaving already where it cannot be read", async (each) => {
    const { bench } = await afterFollowing(
      [{ ...consent, ...b1("delete") }, noB1],
      { "apps/new.yaml": each.text },
      { "apps/new.yaml": null },
    );
    const record = await bench.control("show", "main:sites/b1.json");
    expect(record.includes('"leaving"')).toBe(each.leaves);
  });

  it("takes nothing back by a mistake that is not of the site", async () => {
    const mistake = { "sites/b9.yaml": siteYaml("b9", { region: "nowhere" }) };
    const { bench } = await whileNobodyLooks(
      b1("delete"),
      { "sites/b1.yaml": null, ...mistake },
      { "sites/b9.yaml": null },
    );
    const west = bench.mirror("west");
    const marked = await eventually("it is to leave", async () => {
      const all = await west.git("log", "--format=", "--name-only", "main");
      return all.split("\n").find((path) => path === "sites/b1/web.leaving");
    });
    expect(marked).toBeDefined();
  });

  it.each([
    ["is refused itself", siteYaml("b1", { region: "nowhere", spec: { decommission: "delete" } })],
    ["cannot be read", "kind: [Site"],
  ])("keeps the apps of a site that %s, and that the next one removes", async (_, text) => {
    const gone = { "sites/b1.yaml": null };
    const { bench } = await whileNobodyLooks(b1("delete"), { "sites/b1.yaml": text }, gone);
    const west = bench.mirror("west");
    await eventually("it is let go of", async () => (await west.file("meta/b1.json")) === null);
    const all = await west.git("log", "--format=", "--name-only", "main");
    expect(all).not.toContain("sites/b1/web.leaving");
  });

  it.each([
    { what: "", mistake: {} },
    {
      what: ", also where it was refused",
      mistake: { "sites/b9.yaml": siteYaml("b9", { region: "nowhere" }) },
    },
    {
      what: ", also where what it said was the mistake",
      mistake: { "apps/web.yaml": appYaml("web", { spec: { onRemoval: "hodl" } }) },
    },
  ])("holds the app that the next one removes$what", async ({ mistake }) => {
    const { bench, controller } = await whileNobodyLooks(
      web("delete"),
      { ...web("hold"), ...mistake },
      { ...noWeb, "sites/b9.yaml": null },
    );
    await eventually("it waits for an approval", async () => {
      const found = await controller.status();
      return found?.waits.some(({ code }) => code === "removal-verb") === true;
    });
    expect(await versions(bench)).toEqual(everywhereOne);
  });

  it("holds the app that the next one removes, also where it has more than is read", async () => {
    const { bench, controller } = await settledFleet();
    await follows(bench, await bench.fleet.commit(web("delete")));
    await controller.stop();
    await commitTooMuch(bench.fleet);
    const last = await bench.fleet.commit(noWeb);
    const next = await startController(bench);
    await follows(bench, last);
    await eventually("it waits for an approval", async () => {
      const found = await next.status();
      return found?.waits.some(({ code }) => code === "removal-verb") === true;
    });
    expect(await versions(bench)).toEqual(everywhereOne);
  });

  it("is all that is kept of it, however many commits there are", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void; // what the flag gives
    const known = new KnownFleet();
    const read: WeakRef<object>[] = [];
    const glimpse = async (commit: string): Promise<LoadedFleet> => {
      const onRemoval = commit === "c3" ? "hold" : "delete";
      const loaded = loadFleet(
        aFleet({ "apps/web.yaml": appYaml("web", { spec: { onRemoval } }) }),
        known,
      );
      read.push(new WeakRef(loaded));
      return loaded;
    };
    const between = async (): Promise<string[]> => Array.from({ length: 20 }, (_, at) => `c${at}`);
    const world = { sources: { between }, rendering: { glimpse } } as unknown as World; // what is asked here
    const heads = { previous: aHead("a"), head: { commit: "b" } };
    const said = await wordsBetween(world, {
      ...heads,
      state: { sites: {}, apps: {} },
      apps: ["web"],
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
    expect(read.filter((each) => each.deref() !== undefined)).toEqual([]);
    expect(read).toHaveLength(20);
    expect(said).toEqual({
      verbs: new Map([["web", "hold"]]),
      back: new Map(),
      kept: new Set(),
    });
  });

  it("speaks of an app that leaves already only where a commit has it at the site", async () => {
    const commits: Record<string, LoadedFleet> = {
      c1: loadFleet(aFleet({ "apps/till.yaml": till("hold") })),
      c2: loadFleet(aFleet({ "apps/till.yaml": till("delete"), "sites/w1.yaml": null })),
    };
    const glimpse = async (commit: string): Promise<LoadedFleet> => commits[commit] ?? raise();
    const between = async (): Promise<string[]> => Object.keys(commits);
    const world = { sources: { between }, rendering: { glimpse } } as unknown as World; // what is asked here
    const heads = { previous: aHead("a"), head: { commit: "b" } };
    const { verbs, back } = await wordsBetween(world, {
      ...heads,
      state: {
        sites: {},
        apps: { till: leavingFrom("e1", "e2", "w1", "gone"), web: leavingFrom() },
      },
      apps: ["till", "web"],
    });
    const atShops = new Map([
      ["e1", "hold"],
      ["w1", "hold"],
    ]);
    expect(back).toEqual(new Map([["till", atShops]]));
    expect(verbs).toEqual(
      new Map([
        ["till", "hold"],
        ["web", "delete"],
      ]),
    );
  });

  it("speaks of none that it deletes: that overrules nothing, and costs what there are sites", async () => {
    const loaded = loadFleet(aFleet({ "apps/till.yaml": till("delete") }));
    const world = {
      sources: { between: async () => ["c1"] },
      rendering: { glimpse: async () => loaded },
    } as unknown as World; // what is asked here
    const { back, verbs } = await wordsBetween(world, {
      previous: aHead("a"),
      head: { commit: "b" },
      state: { sites: {}, apps: { till: leavingFrom("e1", "w1") } },
      apps: ["till"],
    });
    expect(back).toEqual(new Map());
    expect(verbs).toEqual(new Map([["till", "delete"]]));
  });

  const labels = { ring: "main", tier: "depot" };

  it.each([
    {
      where: "it has the app, where the mistake is elsewhere",
      mistake: { "sites/b9.yaml": siteYaml("b9", { region: "nowhere" }) },
      at: ["e1", "w1"],
    },
    {
      where: "it has the app, and where it has a mistake in the site",
      mistake: { "sites/e2.yaml": siteYaml("e2", { region: "nowhere", labels }) },
      at: ["e1", "e2", "w1"],
    },
    {
      where: "it leaves, where it has a mistake in its placement",
      mistake: { "virtual-sites/shops.yaml": virtualSiteYaml("shops", "tier in shop") },
      at: ["e1", "e2", "w1", "gone"],
    },
    {
      where: "it leaves, where it is there twice",
      mistake: { "apps/again.yaml": till("delete") },
      at: ["e1", "e2", "w1", "gone"],
    },
  ])(
    "speaks of an app that leaves already, in a commit that was refused, at all sites where $where",
    async (each) => {
      const refused = loadFleet(aFleet({ "apps/till.yaml": till("hold"), ...each.mistake }));
      expect(refused.ok).toBe(false);
      const world = {
        sources: { between: async () => ["c1"] },
        rendering: { glimpse: async () => refused },
      } as unknown as World; // what is asked here
      const { back } = await wordsBetween(world, {
        previous: aHead("a"),
        head: { commit: "b" },
        state: { sites: {}, apps: { till: leavingFrom("e1", "e2", "w1", "gone") } },
        apps: ["till"],
      });
      expect([...(back.get("till") ?? [])]).toEqual(each.at.map((site) => [site, "hold"]));
    },
  );

  it("says nothing of what later commits leave as it is", async () => {
    const { bench } = await whileNobodyLooks(web("delete"), web("hold"), web("delete"));
    await quiet(bench);
    expect(await versions(bench)).toEqual(everywhereOne);
    await bench.fleet.commit(noWeb);
    await eventually("it is deleted", async () =>
      (await bench.mirror("east").git("log", "-p", "main")).includes('"verb":"delete"'),
    );
  });
});
