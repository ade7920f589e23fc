import { mkdtemp, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../src/core/model/diagnostic.ts";
import { readConfig, readConfigOrFail } from "../../src/runtime/read-config.ts";

const closed = { additionalProperties: false } as const;
const Config = Type.Object(
  {
    fleet: Type.Object(
      { url: Type.String({ minLength: 1, description: "the fleet repository" }) },
      closed,
    ),
    stateDir: Type.String({ minLength: 1, description: "where state is kept" }),
    listen: Type.String({ default: "127.0.0.1:7420", description: "host:port" }),
    pollMs: Type.Optional(Type.Integer({ minimum: 100, description: "a time in ms" })),
    sites: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object(
          { kubeconfig: Type.String({ minLength: 1, description: "a kubeconfig" }) },
          closed,
        ),
      ),
    ),
    mode: Type.Optional(
      Type.Union([Type.Literal("fast"), Type.Literal("slow")], { description: "fast or slow" }),
    ),
  },
  closed,
);

const lines = Array.from(
  { length: 9 },
  (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n}, `.repeat(9)}]`,
);
const bomb = `l0: &l0 [x]\n${lines.join("\n")}\n`;

async function configFile(text: string): Promise<{ folder: string; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), "flotilla-config-"));
  const path = join(folder, "controller.yaml");
  await writeFile(path, text);
  return { folder, path };
}

async function mistakesOf(text: string): Promise<string[]> {
  const { folder, path } = await configFile(text);
  const parsed = await readConfig(path, Config);
  return parsed.diagnostics.map((one) => formatDiagnostic(one).replace(`${folder}/`, ""));
}

describe("reading a config file", () => {
  it("fills in defaults and starts relative paths at the folder of the file", async () => {
    const { folder, path } = await configFile(
      "fleet: { url: ../fleet }\nstateDir: state\nsites:\n  tokyo: { kubeconfig: ~/k }\n",
    );
    const config: Static<typeof Config> = await readConfigOrFail(path, Config);
    expect(config).toEqual({
      fleet: { url: join(folder, "../fleet") },
      stateDir: join(folder, "state"),
      listen: "127.0.0.1:7420",
      sites: { tokyo: { kubeconfig: join(homedir(), "k") } },
    });
  });

  it.each(["https://example.com/fleet.git", "file:///srv/fleet", "git@example.com:a/fleet.git"])(
    "leaves the URL %s as it is",
    async (url) => {
      const { path } = await configFile(`fleet: { url: "${url}" }\nstateDir: /s\n`);
      expect((await readConfigOrFail(path, Config)).fleet.url).toBe(url);
    },
  );

  it("tells all mistakes at once, each with its place and what was probably meant", async () => {
    expect(
      await mistakesOf(
        "fleet:\n  ulr: x\nstateDir: ''\npollMs: 5\nsites:\n  tokyo:\n    kubeconfg: k\n",
      ),
    ).toMatchInlineSnapshot(`
      [
        "controller.yaml:1:1: error: missing field "url"",
        "controller.yaml:2:3: error: unknown field "ulr"; did you mean "url"?",
        "controller.yaml:3:11: error: "stateDir" must NOT have fewer than 1 characters; it is where state is kept",
        "controller.yaml:4:9: error: "pollMs" must be >= 100; it is a time in ms",
        "controller.yaml:6:3: error: missing field "kubeconfig"",
        "controller.yaml:7:5: error: unknown field "kubeconfg"; did you mean "kubeconfig"?",
      ]
    `);
  });

  it("words a wrong choice by the field's description instead of by every branch", async () => {
    expect(await mistakesOf("fleet: { url: x }\nstateDir: s\nmode: medium\n"))
      .toMatchInlineSnapshot(`
        [
          "controller.yaml:3:7: error: "mode" has none of the allowed values; it is fast or slow",
        ]
      `);
  });

  it("says what the whole of it must be", async () => {
    expect(await mistakesOf("- a\n")).toEqual([
      "controller.yaml:1:1: error: the config must be an object",
    ]);
  });

  it.each([
    ["a duplicate key", "stateDir: a\nstateDir: b\n"],
    ["broken YAML", "fleet: [\n"],
    ["an alias to nothing", "stateDir: *nothing\n"],
    ["an alias bomb", bomb],
    ["no mapping", "- a\n"],
    ["an empty file", ""],
  ])("refuses %s with a place", async (_name, text) => {
    const mistakes = await mistakesOf(text);
    expect(mistakes.length).toBeGreaterThan(0);
    for (const mistake of mistakes) expect(mistake).toMatch(/^controller\.yaml:\d+:\d+: error: /);
  });

  it("says which file cannot be read, and does not read a huge one", async () => {
    await expect(readConfig("/nowhere/x.yaml", Config)).rejects.toMatchObject({
      code: "USAGE",
      message: "cannot read the config file /nowhere/x.yaml (ENOENT)",
    });
    const { path } = await configFile(`stateDir: ${"x".repeat(1024 * 1024)}\n`);
    await expect(readConfig(path, Config)).rejects.toMatchObject({ code: "USAGE" });
  });
});
