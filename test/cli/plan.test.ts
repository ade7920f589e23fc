import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import type { FleetPlan } from "../../src/core/plan/fleet-plan.ts";
import { runCli } from "../support/cli.ts";
import { aFleet, configMapYaml } from "../support/fleet.ts";
import { folderWith } from "../support/folder.ts";
import { type TestRepository, createRepository, git } from "../support/git-repository.ts";

const settings = "manifests/web/settings.yaml";
const red = { [settings]: configMapYaml("settings", { colour: "red" }) };

async function repositoryWith(
  change: Record<string, string | null> = red,
): Promise<TestRepository> {
  const files = Object.fromEntries(aFleet().map(({ path, text }) => [path, text]));
  const repository = await createRepository(files);
  await repository.commit(change);
  return repository;
}

describe("flotilla plan", () => {
  it("plans from one commit to another, as JSON, YAML and text", async () => {
    const repository = await repositoryWith();
    const args = ["plan", repository.dir, "--base", "HEAD~1", "--head", "main"];
    const json = await runCli([...args, "-o", "json"]);
    const plan = JSON.parse(json.stdout) as FleetPlan;

    expect(json).toMatchObject({ code: 0, stderr: "" });
    expect([plan.base, plan.head]).toEqual([
      await repository.git("rev-parse", "HEAD~1"),
      await repository.git("rev-parse", "HEAD"),
    ]);
    expect(plan.sites.map(({ site }) => site)).toEqual(["e1", "e2", "w1", "w2"]);
    expect(plan.variants[0]?.objects[0]?.diff).toContain("-  colour: blue\n+  colour: red\n");
    expect(plan.stages.map(({ name, sites }) => [name, sites.length])).toEqual([
      ["canary", 1],
      ["rest", 3],
    ]);
    expect(parse((await runCli([...args, "-o", "yaml"])).stdout)).toEqual(plan);
    expect((await runCli(args)).stdout).toMatch(
      /^Plan from [0-9a-f]{12} to [0-9a-f]{12}: 4 of 4 sites change\.\n/,
    );
  });

  it("plans what lies in the folder against HEAD unless told otherwise, the same every time", async () => {
    const repository = await repositoryWith({
      [settings]: configMapYaml("settings", { colour: "green" }),
    });
    const clean = await runCli(["plan", repository.dir]);
    await repository.git("checkout", "--quiet", "HEAD~1", "--", settings);
    const dirty = await runCli(["plan", repository.dir]);

    expect(clean.stdout).toMatch(/to the work tree: No site changes\.\n$/);
    expect(dirty.stdout).toMatch(/to the work tree: 4 of 4 sites change\./);
    expect(await runCli(["plan", repository.dir])).toEqual(dirty);
  });

  it("plans the first commit of a fleet", async () => {
    const repository = await repositoryWith();
    const json = await runCli(["plan", repository.dir, "--from-nothing", "-o", "json"]);

    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({ base: null, head: "work tree", siteCount: 4 });
  });

  it("answers no when the head is not valid, and cannot find out when the base is not", async () => {
    const repository = await repositoryWith({ [settings]: "kind: ConfigMap\n" });
    const head = await runCli(["plan", repository.dir, "--base", "HEAD~1", "-o", "json"]);
    const yaml = await runCli(["plan", repository.dir, "--base", "HEAD~1", "-o", "yaml"]);
    const base = await runCli(["plan", repository.dir, "--base", "HEAD", "--head", "HEAD~1"]);

    expect(head.code).toBe(1);
    expect(yaml).toMatchObject({ code: 1, stderr: "" });
    expect(parse(yaml.stdout)).toEqual(JSON.parse(head.stdout));
    expect(JSON.parse(head.stdout)).toMatchObject({
      valid: false,
      diagnostics: [{ file: settings, line: 1 }],
    });
    expect(base).toMatchObject({ code: 2, stdout: "" });
    expect(base.stderr).toContain(`the base HEAD is not a valid fleet: ${settings}:1:1: error:`);
  });

  it("says how to begin where there is no commit, or no repository at all", async () => {
    const dir = folderWith(aFleet());
    const { code, stdout, stderr } = await runCli(["plan", dir]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      "flotilla: error: there is no commit here to compare with; commit the fleet (git init, git add, git commit), or plan its first commit: --from-nothing\n",
    );
    await git(["init", "-q", "-b", "main"], dir);
    expect(await runCli(["plan", dir])).toEqual({ code, stdout, stderr });
    expect(await runCli(["plan", dir, "--base", "HEAD"])).toEqual({ code, stdout, stderr });
    const named = await runCli(["plan", dir, "--from-nothing", "--head", "main"]);
    expect(named.stderr).toBe(
      'flotilla: error: there is no commit here, and so no revision "main"; commit the fleet (git add, git commit), or leave the revision out: then what lies here is read\n',
    );
    expect((await runCli(["plan", dir, "--from-nothing"])).code).toBe(0);
  });

  it.each([
    [["--base", "nope"], 'unknown revision "nope"'],
    [["--head", "nope"], 'unknown revision "nope"'],
    [["--base", "HEAD", "--from-nothing"], "contradict"],
    [["-o", "xml"], 'unknown output format "xml"'],
  ])("cannot find out for %j", async (args, message) => {
    const repository = await repositoryWith();
    const result = await runCli(["plan", repository.dir, ...args]);

    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});
