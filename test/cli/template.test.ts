import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { FleetPlan } from "../../src/core/plan/fleet-plan.ts";
import { runCli } from "../support/cli.ts";

const template = "fleet-repo-template";
const root = join(import.meta.dirname, "../..");

/** What a process of its own prints, where languages and clocks are as these variables say. */
async function printed(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, "bin/flotilla.js"), ...args],
    { cwd: root, env, maxBuffer: 2 ** 26 },
  );
  return stdout;
}

describe("the fleet repository template", () => {
  it("is valid without a warning", async () => {
    const { code, stdout } = await runCli(["validate", template, "-o", "json"]);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ valid: true, diagnostics: [] });
  });

  it("plans 4 apps over 12 sites in 3 regions, a canary first, and deletes nothing", async () => {
    const sites = await runCli(["sites", template, "-o", "json"]);
    const { code, stdout } = await runCli(["plan", template, "--from-nothing", "-o", "json"]);
    // What the command prints.
    const plan = JSON.parse(stdout) as FleetPlan;
    const regions = (JSON.parse(sites.stdout) as readonly { region: string }[]).map(
      (s) => s.region,
    );

    expect(code).toBe(0);
    expect(plan.sites).toHaveLength(12);
    expect(new Set(regions).size).toBe(3);
    expect(new Set(plan.releases.map(({ app }) => app))).toEqual(
      new Set(["ledger", "stock", "storefront", "till"]),
    );
    expect(plan.stages.filter(({ name }) => name === "canary").map((s) => s.sites.length)).toEqual([
      1, 1, 1, 1,
    ]);
    expect(plan.deletions).toMatchObject({ objects: 0, needsApproval: null });
  });

  it("gives each node of the database the addresses of its peers, and its own place", async () => {
    const depots = ["leipzig", "malmo", "zaragoza"];
    const hosts = depots.map((name) => `${name}.depots.harbour-market.example:26257`);
    for (const [index, name] of depots.entries()) {
      const { stdout } = await runCli(["render", template, "--site", `${name}-depot`]);

      expect(stdout).toContain(`--join=${hosts.join(",")}`);
      expect(stdout).toContain(`--advertise-addr=${hosts[index] ?? ""}`);
      expect(stdout).toMatch(new RegExp(`--locality=region=[a-z]+,depot=${name}-depot`));
    }
  });

  it.each([
    ["render", template, "--site", "stockholm"],
    ["plan", template, "--from-nothing", "-o", "json"],
  ])(
    "gives the same bytes in every language and time zone: %s",
    { timeout: 60_000 },
    async (...args) => {
      const plain = await printed(args, { LC_ALL: "C", TZ: "UTC" });
      const turkish = await printed(args, { LC_ALL: "tr_TR.UTF-8", TZ: "Pacific/Apia" });
      const swedish = await printed(args, { LC_ALL: "sv_SE.UTF-8", TZ: "America/St_Johns" });

      expect(plain.length).toBeGreaterThan(1000);
      expect(turkish).toBe(plain);
      expect(swedish).toBe(plain);
    },
  );
});
