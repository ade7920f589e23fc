import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ReleaseHistory } from "../../src/core/protocol/api.ts";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { type ControllerBench, controllerBench } from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  pause,
  quiet,
  startController,
  versions,
} from "../support/controller-world.ts";
import { appYaml, configMapYaml, siteYaml, strategyYaml } from "../support/fleet.ts";
import { type GitHubStandIn, startGitHubStandIn } from "../support/github-stand-in.ts";

async function githubBench(): Promise<{ bench: ControllerBench; github: GitHubStandIn }> {
  const github = await startGitHubStandIn({ token: "gh-token", repository: "acme/fleet" });
  onTestFinished(() => github.close());
  const plain = await controllerBench();
  const tokenFile = join(plain.dir, "github.token");
  await writeFile(tokenFile, "gh-token");
  const changes = { github: { repository: "acme/fleet", tokenFile, apiUrl: github.url } };
  const bench: ControllerBench = {
    ...plain,
    start: (more = {}) => plain.start({ ...changes, ...more }),
  };
  return { bench, github };
}

async function statusOf(github: GitHubStandIn, sha: string, state: string): Promise<string> {
  return eventually(`${state} is told`, async () => {
    const status = github.latest(sha);
    return status?.state === state && (status.description ?? "");
  });
}

describe("the status of a commit", { timeout: 120_000 }, () => {
  it("is pending with counts while it goes out, and success when it is everywhere", async () => {
    const { bench, github } = await githubBench();
    const commit = await commitFleet(bench.fleet);
    const controller = await startController(bench);
    expect(await statusOf(github, commit, "pending")).toMatch(/^0 of 4 sites, stage 1 of 2/);
    await bothWorkers(controller);
    await quiet(bench);
    expect(await statusOf(github, commit, "success")).toBe("4 of 4 sites");
    expect(github.statesOf(commit)).toEqual(["pending", "success"]);
    expect(github.violations).toEqual([]);
  });

  it("is not posted again by a controller that starts again", async () => {
    const { bench, github } = await githubBench();
    const commit = await commitFleet(bench.fleet);
    const first = await startController(bench);
    await bothWorkers(first);
    await quiet(bench);
    await statusOf(github, commit, "success");
    await first.stop();
    const posts = github.statuses(commit).length;
    const second = await startController(bench);
    await pause(1500);
    await second.stop();
    expect(github.statuses(commit)).toHaveLength(posts);
  });

  it("is failure with file and line when it does not parse, and the next one is judged for itself", async () => {
    const { bench, github } = await githubBench();
    await commitFleet(bench.fleet);
    await bothWorkers(await startController(bench));
    await everywhere(bench, "1");
    await quiet(bench);
    const broken = await bench.fleet.commit({
      "sites/a1.yaml": "kind: Site\nmetadata: {name: a1\n",
    });
    expect(await statusOf(github, broken, "failure")).toMatch(/^sites\/a1\.yaml:\d+:\d+: /);
    await bench.fleet.git("revert", "--no-edit", "HEAD");
    const fixed = await bench.fleet.commit(webVersion("2"));
    expect(await statusOf(github, fixed, "success")).toBe("4 of 4 sites");
    expect(github.latest(broken)?.state).toBe("failure");
  });

  it("says by which commit it was superseded, and the newer one starts with its own canary", async () => {
    const { bench, github } = await githubBench();
    await commitFleet(bench.fleet);
    const controller = await startController(bench);
    const workers = await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    workers.west.script.health = () => "Progressing";
    const second = await bench.fleet.commit(webVersion("2"));
    await eventually("version 2 is in its second stage", async () => {
      const found = await versions(bench);
      return found["a2"] === "2" && found["b1"] === "2";
    });
    workers.east.script.health = () => "Progressing";
    const third = await bench.fleet.commit(webVersion("3"));
    const told = await statusOf(github, second, "failure");
    expect(told).toContain(`superseded by ${third.slice(0, 7)}`);
    await eventually("the canary has version 3", async () => (await versions(bench))["a1"] === "3");
    await pause(500);
    expect(await versions(bench)).toEqual({ a1: "3", a2: "2", b1: "2", b2: "2" });
    workers.east.script.health = () => "Healthy";
    workers.west.script.health = () => "Healthy";
    await everywhere(bench, "3");
    expect(await statusOf(github, third, "success")).toBe("4 of 4 sites");
  });

  it("says of a commit that came between two polls by which it was superseded, and goes on saying what was wrong with one", async () => {
    const { bench, github } = await githubBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    await bothWorkers(first);
    await everywhere(bench, "1");
    await quiet(bench);
    const broken = await bench.fleet.commit({
      "sites/a1.yaml": "kind: Site\nmetadata: {name: a1\n",
    });
    const wrong = await statusOf(github, broken, "failure");
    await bench.fleet.git("checkout", "-q", "-b", "next");
    await bench.fleet.git("revert", "--no-edit", "HEAD");
    const mended = await bench.fleet.git("rev-parse", "HEAD");
    const second = await bench.fleet.commit(webVersion("2"));
    const third = await bench.fleet.commit(webVersion("3"));
    await bench.fleet.git("checkout", "-q", "main");
    await bench.fleet.git("merge", "-q", "--ff-only", "next");
    expect(await statusOf(github, third, "success")).toBe("4 of 4 sites");

    const words = `superseded by ${third.slice(0, 7)} before it was followed`;
    expect(await statusOf(github, mended, "failure")).toBe(words);
    expect(await statusOf(github, second, "failure")).toBe(words);
    expect(github.latest(broken)?.description).toBe(wrong);
    await first.stop();
    const posts = () => [broken, mended, second, third].map((sha) => github.statuses(sha).length);
    const before = posts();
    const again = await startController(bench);
    await pause(1500);
    await again.stop();
    expect(posts()).toEqual(before);
  });

  it("tells of each of three commits for three apps what became of its own", async () => {
    const { bench, github } = await githubBench();
    const names = ["web", "db", "till"] as const;
    const inVersion = (app: string, version: string) => ({
      [`manifests/${app}/settings.yaml`]: configMapYaml(app, { version }),
    });
    const apps = names.map((app) => ({
      [`apps/${app}.yaml`]: appYaml(app),
      ...inVersion(app, "1"),
    }));
    const strategy = strategyYaml("fast", {
      stages: [{ name: "all" }],
      soak: "0s",
      minReady: "0s",
      progressDeadline: "4s",
    });
    await commitFleet(bench.fleet, Object.assign({ "strategies/fast.yaml": strategy }, ...apps));
    const controller = await startController(bench);
    const workers = await bothWorkers(controller);
    await quiet(bench);
    workers.east.script.health = (_, app) => (app === "db" ? "Degraded" : "Healthy");
    const commits: string[] = [];
    for (const app of names) {
      commits.push(await bench.fleet.commit(inVersion(app, "2")));
      const last = commits.at(-1);
      const isFollowed = async () => (await controller.status())?.revision?.endsWith(last ?? "?");
      await eventually("it is followed", isFollowed);
    }
    const [web = "", db = "", till = ""] = commits;

    expect(await statusOf(github, web, "success")).toBe("4 of 4 sites");
    expect(await statusOf(github, till, "success")).toBe("4 of 4 sites");
    await statusOf(github, db, "failure");
    expect([web, till].flatMap((sha) => github.statesOf(sha))).not.toContain("failure");
  });

  it("counts a site that is offline as offline", async () => {
    const { bench, github } = await githubBench();
    const commit = await commitFleet(bench.fleet);
    await bothWorkers(await startController(bench), { reachable: (site) => site !== "b2" });
    await quiet(bench);
    expect(await statusOf(github, commit, "success")).toBe("3 of 4 sites; 1 offline");
  });

  it("counts a site that failed within the budget as failed", async () => {
    const { bench, github } = await githubBench();
    const strategy = strategyYaml("fast", {
      stages: [{ name: "canary", selector: "ring=canary" }, { name: "rest" }],
      soak: "0s",
      minReady: "0s",
      progressDeadline: "4s",
      maxInFlight: "100%",
      maxUnavailable: "100%",
      failureBudget: 1,
    });
    const commit = await commitFleet(bench.fleet, { "strategies/fast.yaml": strategy });
    const health = (site: string) => (site === "b2" ? "Degraded" : "Healthy");
    await bothWorkers(await startController(bench), { health });
    await quiet(bench);
    expect(await statusOf(github, commit, "success")).toBe("3 of 4 sites; 1 failed");
  });

  it("follows a site that a commit adds until it has arrived, over a restart too, and tells it once", async () => {
    const { bench, github } = await githubBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    const workers = await bothWorkers(first);
    await everywhere(bench, "1");
    await quiet(bench);
    workers.west.script.health = () => "Progressing";
    const labels = { ring: "main" };
    const added = await bench.fleet.commit({
      "sites/b3.yaml": siteYaml("b3", { region: "west", labels }),
    });
    expect(await statusOf(github, added, "pending")).toMatch(/^0 of 1 sites/);
    await first.stop();
    const second = await startController(bench);
    const again = await bothWorkers(second, { health: () => "Progressing" });
    await pause(500);
    expect(github.latest(added)?.state).toBe("pending");
    again.west.script.health = () => "Healthy";
    expect(await statusOf(github, added, "success")).toBe("1 of 1 sites");
    expect(await bench.mirror("west").file("meta/b3.json")).not.toBeNull();
    expect(github.statesOf(added).filter((state) => state === "success")).toHaveLength(1);
    const removed = await bench.fleet.commit({ "sites/b3.yaml": null });
    expect(await statusOf(github, removed, "success")).toBe("no app changes at any site");
    expect(github.latest(added)?.description).toBe("1 of 1 sites");
  });

  it("says what moves where no app changes: a site to another region, until it is there, and labels", async () => {
    const { bench, github } = await githubBench();
    await commitFleet(bench.fleet);
    const workers = await bothWorkers(await startController(bench));
    await everywhere(bench, "1");
    await quiet(bench);
    workers.west.silence();
    const labels = { ring: "main" };
    const moved = await bench.fleet.commit({
      "sites/b1.yaml": siteYaml("b1", { region: "east", labels }),
    });
    const none = "no app changes at any site";
    expect(await statusOf(github, moved, "pending")).toBe(`${none}; b1 moves from west to east`);
    workers.west.speak();
    expect(await statusOf(github, moved, "success")).toBe(`${none}; b1 moved from west to east`);
    expect(await bench.mirror("east").file("meta/b1.json")).not.toBeNull();
    const relabelled = await bench.fleet.commit({
      "sites/b2.yaml": siteYaml("b2", { region: "west", labels: { ...labels, size: "s" } }),
    });
    expect(await statusOf(github, relabelled, "success")).toBe(`${none}; other labels at 1 site`);
  });

  it("is failure when its version is known to be bad, and the next commit answers for itself", async () => {
    const { bench, github } = await githubBench();
    const first = await commitFleet(bench.fleet);
    const controller = await startController(bench);
    await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    const second = await bench.fleet.commit(webVersion("2"));
    await everywhere(bench, "2");
    await statusOf(github, second, "success");
    const answer = await controller.request("/api/v1/history?app=web");
    const { releases } = (await answer.json()) as ReleaseHistory;
    const to = releases.find(({ source }) => source === first)?.release ?? "";
    await controller.decide({ verb: "rollback", app: "web", to, why: "2 is slow" });
    await everywhere(bench, "1");
    await quiet(bench);
    const back = await bench.fleet.commit(webVersion("1"));
    await statusOf(github, back, "success");
    const bad = await bench.fleet.commit(webVersion("2"));
    const words = "web: this version is known to be bad and is not tried again";
    expect(await statusOf(github, bad, "failure")).toBe(words);
    const other = await bench.fleet.commit({ "README.md": "nothing of the app" });
    expect(await statusOf(github, other, "success")).toBe("no app changes at any site");
    expect(new Set(Object.values(await versions(bench)))).toEqual(new Set(["1"]));
    expect(github.latest(bad)).toMatchObject({ state: "failure", description: words });
  });

  it("is failure when a decision in it is refused, with what it starts beside, and only of the commit that says it", async () => {
    const { bench, github } = await githubBench();
    await commitFleet(bench.fleet);
    await bothWorkers(await startController(bench));
    await everywhere(bench, "1");
    await quiet(bench);
    const spec = "why: 2 is slow, rollback: {app: web, to: web-none}";
    const e = `apiVersion: flotilla.dev/v1alpha1\nkind: Decision\nmetadata: {name: e}\nspec: {${spec}}\n`;
    const asked = await bench.fleet.commit({ "decisions/e.yaml": e });
    expect(await statusOf(github, asked, "failure")).toMatch(/^decision e was refused: .*web-none/);
    const next = await bench.fleet.commit({ "README.md": "nothing of it" });
    expect(await statusOf(github, next, "success")).toBe("no app changes at any site");
    const again = await bench.fleet.commit({
      ...webVersion("2"),
      "decisions/e.yaml": e.replace("slow", "too slow"),
    });
    const words = /^decision e was refused: .*web-none; \d of 4 sites/;
    expect(await statusOf(github, again, "failure")).toMatch(words);
    await everywhere(bench, "2");
    await quiet(bench);
    expect(new Set(github.statesOf(again))).toEqual(new Set(["failure"]));
  });

  it("is failure while a site that it adds has failed beyond the budget, and success once that has arrived", async () => {
    const { bench, github } = await githubBench();
    const stages = [{ name: "all", failureBudget: 0 }];
    const spec = { stages, soak: "0s", minReady: "0s", progressDeadline: "4s" };
    await commitFleet(bench.fleet, { "strategies/fast.yaml": strategyYaml("fast", spec) });
    const controller = await startController(bench);
    const workers = await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    workers.west.script.health = (site) => (site === "b3" ? "Degraded" : "Healthy");
    const labels = { ring: "main" };
    const added = await bench.fleet.commit({
      "sites/b3.yaml": siteYaml("b3", { region: "west", labels }),
    });
    const words = "0 of 1 sites; 1 failed, over the failure budget of the open list";
    expect(await statusOf(github, added, "failure")).toBe(words);
    expect(github.statesOf(added)).not.toContain("success");
    workers.west.script.health = (site) => (site === "b3" ? "Progressing" : "Healthy");
    await controller.decide({ verb: "retry", app: "web", release: "open-list", why: "mended" });
    expect(await statusOf(github, added, "pending")).toBe("0 of 1 sites");
    workers.west.script.health = () => "Healthy";
    expect(await statusOf(github, added, "success")).toBe("1 of 1 sites");
  });

  it("says that a site which was to join is not to any more", async () => {
    const { bench, github } = await githubBench();
    await commitFleet(bench.fleet);
    await bothWorkers(await startController(bench), { reachable: (site) => site !== "b3" });
    await everywhere(bench, "1");
    await quiet(bench);
    const labels = { ring: "main" };
    const added = await bench.fleet.commit({
      "sites/b3.yaml": siteYaml("b3", { region: "west", labels }),
    });
    await statusOf(github, added, "pending");
    const removed = await bench.fleet.commit({ "sites/b3.yaml": null });
    expect(await statusOf(github, added, "failure")).toContain(removed.slice(0, 7));
  });
});
