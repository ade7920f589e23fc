import { parseAllDocuments } from "yaml";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { aFleet, appYaml, configMapYaml } from "../support/fleet.ts";
import { folderWith } from "../support/folder.ts";
import { createRepository } from "../support/git-repository.ts";

const texts = (files = aFleet()): Record<string, string> =>
  Object.fromEntries(files.map(({ path, text }) => [path, text]));

describe("flotilla render", () => {
  it("prints the objects of a site as YAML documents, those of all its apps", async () => {
    const { code, stdout, stderr } = await runCli(["render", folderWith(aFleet()), "--site", "e1"]);
    const kinds = parseAllDocuments(stdout).map((document) => document.toJS() as { kind: string });

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(kinds.map(({ kind }) => kind)).toEqual(["ConfigMap", "ConfigMap", "Deployment"]);
    expect(stdout.startsWith("---\napiVersion: v1\nkind: ConfigMap\n")).toBe(true);
  });

  it("prints one app, also as JSON that kubectl takes", async () => {
    const dir = folderWith(aFleet());
    const { code, stdout } = await runCli([
      "render",
      dir,
      "--site",
      "e1",
      "--app",
      "till",
      "-o",
      "json",
    ]);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: "v1",
      kind: "List",
      items: [{ kind: "ConfigMap", metadata: { name: "till", namespace: "till" } }],
    });
  });

  it("prints what a revision gave", async () => {
    const repository = await createRepository(texts());
    await repository.commit({
      "manifests/till/settings.yaml": configMapYaml("till", { currency: "USD" }),
    });
    const args = ["render", repository.dir, "--site", "e1", "--app", "till"];

    expect((await runCli(args)).stdout).toContain("currency: USD");
    expect((await runCli([...args, "--revision", "HEAD~1"])).stdout).toContain("currency: EUR");
    const unknown = await runCli([...args, "--revision", "nope"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('unknown revision "nope"');
  });

  it("answers no for a fleet that is not valid, with places, and as data where data was asked for", async () => {
    const dir = folderWith(aFleet({ "manifests/web/settings.yaml": "kind: ConfigMap\n" }));
    const lines = await runCli(["render", dir, "--site", "e1"]);
    const json = await runCli(["render", dir, "--site", "e1", "-o", "json"]);

    expect(lines).toMatchObject({ code: 1, stdout: "" });
    expect(lines.stderr).toMatch(
      /^manifests\/web\/settings.yaml:1:1: error: "apiVersion" is missing/,
    );
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: false,
      diagnostics: [
        { file: "manifests/web/settings.yaml", line: 1, column: 1, code: "invalid-object" },
      ],
    });
  });

  it("answers no for an app that is not at the site", async () => {
    const result = await runCli(["render", folderWith(aFleet()), "--site", "e2", "--app", "till"]);

    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain("app till is not at site e2");
  });

  it.each([
    [["--site", "e11"], 'there is no site "e11"; did you mean "e1"?'],
    [["--site", "e1", "--app", "tlil"], 'there is no app "tlil"; did you mean "till"?'],
    [[], "--site is missing"],
  ])("cannot find out for %j", async (args, message) => {
    const result = await runCli(["render", folderWith(aFleet()), ...args]);

    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  it("tells warnings beside the objects", async () => {
    const overlays = [{ virtualSites: ["shops"], images: [{ name: "nope", newTag: "1" }] }];
    const dir = folderWith(aFleet({ "apps/web.yaml": appYaml("web", { spec: { overlays } }) }));
    const { code, stderr } = await runCli(["render", dir, "--site", "e1"]);

    expect(code).toBe(0);
    expect(stderr).toMatch(/^apps\/web.yaml:4:\d+: warning: overlay 1 changes nothing at any site/);
  });
});
