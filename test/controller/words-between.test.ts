import { describe, expect, it } from "vitest";
import type { Files } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import type { ControllerBench } from "../support/controller-process.ts";
import { quiet, settledFleet, startController, versions } from "../support/controller-world.ts";
import { appYaml, siteYaml } from "../support/fleet.ts";

/** The branch goes on by these commits while no controller looks; one that starts then follows the last of them. */
async function whileNobodyLooks(before: Files, ...commits: readonly Files[]) {
  const { bench, controller } = await settledFleet();
  const said = await bench.fleet.commit(before);
  await follows(bench, said);
  await controller.stop();
  let last = said;
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
const noWeb: Files = { "apps/web.yaml": null, "manifests/web/settings.yaml": null };

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
