import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import type { RolloutSimulation } from "../../src/core/simulate/simulate-change.ts";
import { runCli } from "../support/cli.ts";
import { aFleet, configMapYaml, fleetYaml, windowYaml } from "../support/fleet.ts";
import { type TestRepository, createRepository } from "../support/git-repository.ts";

const settings = "manifests/web/settings.yaml";

async function repositoryWith(text: string): Promise<TestRepository> {
  const files = Object.fromEntries(aFleet().map((file) => [file.path, file.text]));
  const repository = await createRepository(files);
  await repository.commit({ [settings]: text });
  return repository;
}

const red = configMapYaml("settings", { colour: "red" });

describe("flotilla rollout simulate", () => {
  it("tells how a change would go, as text, JSON, YAML and a picture, the same every time", async () => {
    const repository = await repositoryWith(red);
    const args = ["rollout", "simulate", repository.dir, "--base", "HEAD~1", "--head", "main"];
    args.push("--start", "2026-11-27T22:00:00+09:00");
    const svg = join(repository.dir, "rollout.svg");
    const table = await runCli([...args, "--svg", svg]);
    const json = await runCli([...args, "-o", "json"]);
    const simulation = JSON.parse(json.stdout) as RolloutSimulation;
    const picture = await readFile(svg, "utf8");

    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout).toMatch(
      /^Simulated from [0-9a-f]{12} to [0-9a-f]{12} on a model of 4 sites\.\n/,
    );
    expect(table.stdout).toContain("The whole takes ");
    expect(simulation.stages.map(({ stage, sites }) => [stage, sites])).toEqual([
      ["canary", 1],
      ["rest", 3],
    ]);
    expect(simulation.timeline.at(-1)).toMatchObject({ done: 4, waiting: 0, inFlight: 0 });
    expect(simulation.worst.map(({ stage }) => stage)).toContain("canary");
    expect(parse((await runCli([...args, "-o", "yaml"])).stdout)).toEqual(simulation);
    expect(await runCli([...args, "-o", "json"])).toEqual(json);
    expect(picture).toMatch(
      /^<svg [^>]*role="img" aria-labelledby="title desc">\n<title id="title">Simulated rollout: /,
    );
    expect(picture).toContain("Stage canary of web with 1 site opens at 0s");
  });

  it("keeps all that is assumed inside the picture", async () => {
    const repository = await repositoryWith(red);
    const svg = join(repository.dir, "rollout.svg");
    const assumed = ["--healthy-after", "20s,2m", "--failure-rate", "0.25%", "--offline", "5%"];
    assumed.push("--approvals-after", "2h30m", "--bad", "2m", "--start", "2026-11-27T22:00:00Z");
    const args = ["rollout", "simulate", repository.dir, "--base", "HEAD~1", ...assumed];
    const { stdout } = await runCli([...args, "--svg", svg]);
    const picture = await readFile(svg, "utf8");

    const [, width = ""] = picture.match(/viewBox="0 0 (\d+) /) ?? [];
    const lines = [...picture.matchAll(/<text class="small" x="([\d.]+)" y="([\d.]+)">([^<]+)</g)];
    const told = lines.filter(([, , baseline]) => Number(baseline) < 110);
    const words = told.map(([, , , text]) => text).join(" ");
    expect(stdout).toContain(words);
    expect(words).toMatch(/^Assumed: .*seeds 1 to 5\.$/);
    // A letter of it is 6 wide, more or less.
    const ends = told.map(([, left, , text = ""]) => Number(left) + 6 * text.length);
    expect(Math.max(...ends)).toBeLessThan(Number(width));
  });

  it("plays what is assumed of the fleet", async () => {
    const repository = await repositoryWith(red);
    const args = ["rollout", "simulate", repository.dir, "--base", "HEAD~1", "-o", "json"];
    const assume = async (...more: string[]): Promise<RolloutSimulation> =>
      JSON.parse((await runCli([...args, ...more])).stdout) as RolloutSimulation;
    const bad = await assume("--bad", "0s");
    const spread = await assume(
      "--healthy-after",
      "20s,2m",
      "--failure-rate",
      "0.5%",
      "--seeds",
      "3",
    );

    expect(bad.runs).toMatchObject([{ outcome: "stopped", mostBroken: 1 }]);
    expect(spread.runs.map(({ seed }) => seed)).toEqual([1, 2, 3]);
    expect(spread.assumed).toMatchObject({
      failureRate: 0.005,
      healthyAfter: { p50Ms: 20_000, p95Ms: 120_000 },
    });
  });

  it("begins at the time that is named, or now: windows open and close by it", async () => {
    const repository = await createRepository({
      ...Object.fromEntries(aFleet().map((file) => [file.path, file.text])),
      "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" }, windows: ["nights"] }),
      "windows.yaml": windowYaml("nights", {
        timeZone: "Asia/Tokyo",
        open: [{ start: "22:00", duration: "1h" }],
      }),
    });
    await repository.commit({ [settings]: red });
    const args = ["rollout", "simulate", repository.dir, "--base", "HEAD~1", "-o", "json"];
    const opensAfter = async (...more: string[]): Promise<unknown> => {
      const { stages, assumed } = JSON.parse((await runCli([...args, ...more])).stdout) as {
        stages: { settledMs: number }[];
        assumed: { start: string };
      };
      return [assumed.start, Math.round((stages[0]?.settledMs ?? 0) / 60_000)];
    };

    expect(await opensAfter("--start", "2026-11-27T22:10:00+09:00")).toEqual([
      "2026-11-27T13:10:00.000Z",
      1,
    ]);
    expect(await opensAfter("--start", "2026-11-27T12:00:00Z")).toEqual([
      "2026-11-27T12:00:00.000Z",
      61,
    ]);
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { stdout } = await runCli(args);
    const now = JSON.parse(stdout) as RolloutSimulation;
    expect(Date.parse(now.assumed.start)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(now.assumed.start)).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    [["--start", "tomorrow"], "--start is a time such as 2026-11-27T22:00:00+09:00"],
    [["--start", "2026-02-30T22:00:00Z"], "--start is a time such as"],
    [["--start", "2026-11-27T22:00:00"], "--start is a time such as"],
    [["--healthy-after", "soon"], "--healthy-after is a time such as 30s"],
    [["--healthy-after", "2m,20s"], "--healthy-after is a time such as 30s"],
    [["--failure-rate", "120%"], "--failure-rate is a percentage such as 5%"],
    [["--offline", "3"], "--offline is a percentage such as 5%"],
    [["--bad", "later"], "--bad is a time such as 90s or 2m"],
    [["--seeds", "0"], "--seeds is a whole number from 1 to 1000"],
    [["--svg", "no/such/folder/a.svg"], "cannot write"],
    [["--base", "main", "--from-nothing"], "--base and --from-nothing contradict"],
  ])("does not simulate with %j", async (more, message) => {
    const repository = await repositoryWith(red);
    const result = await runCli(["rollout", "simulate", repository.dir, ...more]);

    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  it("answers no when the head is not valid, and explains itself", async () => {
    const repository = await repositoryWith("kind: ConfigMap\n");
    const invalid = await runCli(["rollout", "simulate", repository.dir, "--base", "HEAD~1"]);
    const help = await runCli(["rollout", "simulate", "--help"]);

    expect(invalid.code).toBe(1);
    expect(help.stdout).toMatch(/^flotilla rollout simulate: tell how long a rollout would take/);
    expect((await runCli(["help", "rollout", "simulate"])).stdout).toBe(help.stdout);
  });
});
