/** What an operator reads in the terminal of a site that leaves the fleet, goes to another region or was forgotten. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { eventually } from "../support/controller-mirror.ts";
import type { ControllerBench } from "../support/controller-process.ts";
import { type Files, webVersion } from "../support/controller-fleet.ts";
import { quiet, settledFleet, startController, workerFor } from "../support/controller-world.ts";
import { regionYaml, siteYaml, virtualSiteYaml } from "../support/fleet.ts";

type Fleet = Awaited<ReturnType<typeof settledFleet>>;

const b1 = (region: string, spec: Readonly<Record<string, unknown>> = {}): Files => ({
  "sites/b1.yaml": siteYaml("b1", { region, labels: { ring: "main" }, spec }),
});

async function follow({ bench }: Fleet, files: Files): Promise<string> {
  const commit = await bench.fleet.commit(files);
  await eventually("it is followed", async () =>
    (await bench.control("show", "main:head.json")).includes(commit),
  );
  return commit;
}

/** Waits until the command tells this. */
async function tells(
  { bench, controller }: Fleet,
  args: readonly string[],
  text: string,
): Promise<Awaited<ReturnType<typeof runCli>>> {
  const access = ["--controller", controller.url, "--token-file", tokenFile(bench)];
  return eventually(`${args.join(" ")} tells "${text}"`, async () => {
    const result = await runCli([...args, ...access]);
    return (result.stdout + result.stderr).includes(text) && result;
  });
}

const tokenFile = ({ stateDir }: ControllerBench): string => join(stateDir, "api-token");

describe("a site on its way, as an operator reads of it", { timeout: 120_000 }, () => {
  it("leaves by a commit, with what is still there, what it waits for and what ends that", async () => {
    const fleet = await settledFleet();
    await follow(fleet, b1("west", { decommission: "delete" }));
    fleet.workers.west.script.reachable = (site) => site !== "b1";
    await tells(fleet, ["status"], "1 offline");
    const commit = await follow(fleet, { "sites/b1.yaml": null });
    const { stdout, code } = await tells(fleet, ["explain", "b1", "web"], "leaves the fleet: b1");
    const forget = "`flotilla rollout excuse --site b1 --uid uid-of-b1 --why TEXT`";
    expect(stdout).toMatch(/^web is still at b1, which leaves the fleet: b1 does not answer/);
    for (const line of [
      `b1 leaves the fleet since commit ${commit.slice(0, 7)}, which does not declare it: its apps leave it, then it is forgotten`,
      "still there: web",
      `where its cluster is gone for good, ${forget} forgets it as it is`,
      `ends when it answers again, or an operator forgets it as it is (${forget})`,
    ])
      expect(stdout).toContain(line);
    expect(stdout).not.toContain("virtual site");
    expect(code).toBe(0);
  });

  it("leaves without an app when its worker has reported to a controller that has just started, and says so", async () => {
    const fleet = await settledFleet();
    const { bench } = fleet;
    await follow(fleet, {
      "sites/b1.yaml": siteYaml("b1", { region: "west", spec: { decommission: "delete" } }),
      "virtual/all.yaml": virtualSiteYaml("all", "ring"),
    });
    await eventually(
      "web has left b1",
      async () => (await bench.mirror("west").file("sites/b1/web")) === null,
    );
    await quiet(bench);
    await fleet.controller.stop();
    await fleet.workers.west.stop();
    const restarted = { ...fleet, controller: await startController(bench) };
    await follow(restarted, { "sites/b1.yaml": null });
    const explain = ["explain", "b1", "web"];
    const { stdout } = await tells(
      restarted,
      explain,
      "nothing is known to be there, but the worker of west has not reported since the controller started: it is forgotten when that does",
    );
    expect(stdout).not.toContain("nothing is there any more");
    await workerFor(restarted.controller, "west");
    await tells(restarted, explain, "no site");
  });

  it("gets nothing of what others change meanwhile, and their plan says so where it may ask", async () => {
    const fleet = await settledFleet();
    await follow(fleet, b1("west", { decommission: "delete" }));
    fleet.workers.west.script.reachable = (site) => site !== "b1";
    await tells(fleet, ["status"], "1 offline");
    await follow(fleet, { "sites/b1.yaml": null });
    const { dir } = fleet.bench.fleet;
    await follow(fleet, webVersion("2"));
    const plan = ["plan", dir, "--base", "HEAD~1", "--head", "HEAD"];
    const alone = await runCli(plan);
    const asked = await tells(fleet, plan, "nothing of this change comes there");
    expect(asked.stderr).toBe(
      "flotilla: note: site b1 is leaving the fleet: nothing of this change comes there\n",
    );
    expect([asked.code, asked.stdout]).toEqual([0, alone.stdout]);
    const back = await fleet.bench.fleet.git("rev-parse", "HEAD~2");
    const again = ["plan", dir, "--base", "HEAD", "--head", back];
    await tells(fleet, again, "site b1 is leaving the fleet: this change keeps it");
  });

  it("is forgotten, and whoever asks for it is told whose word its cluster still takes", async () => {
    const fleet = await settledFleet();
    await follow(fleet, b1("west", { decommission: "delete" }));
    fleet.workers.west.silence();
    await tells(fleet, ["status"], "silent since");
    await follow(fleet, { "sites/b1.yaml": null });
    const word = { verb: "excuse", site: "b1", uid: "uid-of-b1", why: "west burnt" } as const;
    await fleet.controller.decide(word);
    const explain = ["explain", "b1", "web"];
    const { stderr } = await tells(fleet, explain, "b1 is no longer in the fleet");
    expect(stderr).toContain(
      "the worker of west has not said yet that it stopped there; where that one is gone for good, it takes a word of its own: `flotilla rollout excuse --site b1 --uid uid-of-b1 --why TEXT`",
    );
    await fleet.controller.decide(word);
    await tells(fleet, explain, "what it had (web) is left alone");
  });

  it("moves, and what it has is neither missing nor looked at meanwhile", async () => {
    const fleet = await settledFleet();
    fleet.workers.west.silence();
    await tells(fleet, ["status"], "silent since");
    await follow(fleet, b1("east"));
    const status = await tells(fleet, ["status"], "stays as it is while the site goes");
    expect(status.stdout).toMatch(
      /^b1 +east +web +Unknown +Unknown +offline; stays as it is while the site goes from west to east$/m,
    );
    const { stdout, code } = await tells(fleet, ["explain", "b1", "web"], "stays as it is at b1");
    expect(stdout).toMatch(
      /^web stays as it is at b1, which goes from west to east: b1 leaves west/,
    );
    expect(stdout).toContain("whose worker is silent and has to say that it stopped writing there");
    expect(code).toBe(0);
  });

  it("is of a region that is excused already: nobody is asked to excuse it again", async () => {
    const fleet = await settledFleet();
    await follow(fleet, { "regions/west.yaml": regionYaml("west", { decommission: "delete" }) });
    fleet.workers.west.silence();
    await tells(fleet, ["status"], "silent since");
    const gone = { "regions/west.yaml": null, "sites/b1.yaml": null, "sites/b2.yaml": null };
    await follow(fleet, gone);
    await tells(fleet, ["status"], "or an operator excuses the region");
    await fleet.controller.decide({ verb: "excuse", region: "west", why: "west burnt" });
    const { stdout } = await tells(fleet, ["status"], "excused by operator: west burnt");
    expect(stdout).toContain(
      "at b1, b2: the worker of west is silent; ends when it reports again, or an operator forgets it as it is",
    );
    expect(stdout).toContain("Leaving the fleet: b1, b2");
  });
});
