import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCli } from "../support/cli.ts";
import { aFleet, appYaml, fleetYaml, siteYaml, virtualSiteYaml } from "../support/fleet.ts";
import { folderWith } from "../support/folder.ts";

describe("flotilla validate", () => {
  it("says that a valid fleet is valid", async () => {
    const dir = folderWith(aFleet());
    expect(await runCli(["validate", dir])).toEqual({
      code: 0,
      stdout: "the fleet is valid\n",
      stderr: "",
    });
    const json = await runCli(["validate", dir, "-o", "json"]);
    expect(JSON.parse(json.stdout)).toEqual({ valid: true, diagnostics: [] });
  });

  it("tells all mistakes at once, as lines, as JSON and as YAML", async () => {
    const dir = folderWith(
      aFleet({
        "sites/e1.yaml": siteYaml("e1", { region: "eats" }),
        "apps/web.yaml": appYaml("web", { spec: { bogus: 1 } }),
      }),
    );
    const table = await runCli(["validate", dir]);
    expect(table.code).toBe(1);
    expect(table.stdout)
      .toBe(`apps/web.yaml:4:102: error: unknown field "bogus" in spec; known here: namespace, serviceAccountName, source, placement, profile, values, secrets, plainSecrets, kubernetes, overlays, rollout, checks, dependsOn, drift, health, atomic, onRemoval
sites/e1.yaml:4:17: error: there is no Region "eats"; did you mean "east"?
the fleet is not valid: 2 errors
`);
    const json = await runCli(["validate", dir, "-o", "json"]);
    const yaml = await runCli(["validate", dir, "-o", "yaml"]);
    expect(yaml).toMatchObject({ code: 1, stderr: "" });
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: false,
      diagnostics: [
        { file: "apps/web.yaml", line: 4, column: 102, severity: "error", code: "unknown-field" },
        {
          file: "sites/e1.yaml",
          line: 4,
          column: 17,
          severity: "error",
          code: "dangling-reference",
          message: 'there is no Region "eats"',
          hint: 'did you mean "east"?',
        },
      ],
    });
  });

  it("tells of files that cannot be read beside all other mistakes, unless they are ignored", async () => {
    const site = siteYaml("e1", { region: "east", spec: { bogus: 1 } });
    const dir = folderWith(
      aFleet({ "sites/e1.yaml": site, "fleet.yaml": fleetYaml({ ignore: ["old/**"] }) }),
    );
    await symlink("e1.yaml", join(dir, "sites/link.yaml"));
    await writeFile(
      join(dir, "sites/latin1.yaml"),
      Buffer.from("a: ü\n# caf\xe9\n".replace("ü", "\xc3\xbc"), "latin1"),
    );
    const { code, stdout } = await runCli(["validate", dir, "-o", "json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      diagnostics: [
        { file: "sites/e1.yaml", code: "unknown-field" },
        {
          file: "sites/latin1.yaml",
          line: 2,
          column: 6,
          code: "unreadable-file",
          message: "is not UTF-8 text",
        },
        {
          file: "sites/link.yaml",
          code: "unreadable-file",
          hint: expect.stringContaining("ignore"),
        },
      ],
    });
    await writeFile(join(dir, "sites/e1.yaml"), siteYaml("e1", { region: "east" }));
    await writeFile(join(dir, "fleet.yaml"), fleetYaml({ ignore: ["sites/l*.yaml"] }));
    expect((await runCli(["validate", dir])).stdout).toContain("the fleet is valid");
  });

  it("stays valid with warnings, and tells them", async () => {
    const dir = folderWith(
      aFleet({ "virtual-sites/depots.yaml": virtualSiteYaml("depots", "tier=kiosk") }),
    );
    const { code, stdout } = await runCli(["validate", dir]);
    expect(code).toBe(0);
    expect(stdout).toContain("warning: the selector matches no site");
    expect(stdout).toContain("the fleet is valid: 1 warning\n");
  });

  it("tells what goes wrong in rendering", async () => {
    const secret =
      "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: hunter2 }\n";
    const dir = folderWith(aFleet({ "manifests/web/secret.yaml": secret }));
    const { code, stdout } = await runCli(["validate", dir, "-o", "json"]);
    expect(code).toBe(1);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { file: string; code: string }[] }; // as documented
    expect(diagnostics.map(({ file, code: name }) => [file, name])).toEqual([
      ["manifests/web/secret.yaml", "secret-data"],
    ]);
    expect(stdout).not.toContain("hunter2");
  });

  it("tells what goes wrong in rendering beside what is wrong in the kinds", async () => {
    const edits = {
      "manifests/web/object.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
      "sites/e1.yaml": siteYaml("e1", { region: "eats" }),
    };
    const { code, stdout } = await runCli(["validate", folderWith(aFleet(edits))]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^manifests\/web\/object.yaml:.*\nsites\/e1.yaml:.*\n.*2 errors\n$/);
  });

  it("could not find out where there is no folder", async () => {
    const { code, stdout, stderr } = await runCli([
      "validate",
      join(folderWith([]), "nowhere"),
      "-o",
      "json",
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("there is no folder");
  });

  it("finds an empty folder not valid", async () => {
    const { code, stdout } = await runCli(["validate", folderWith([])]);
    expect(code).toBe(1);
    expect(stdout).toContain("the repository holds no Fleet");
  });
});
