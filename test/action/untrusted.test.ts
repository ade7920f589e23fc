import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ActionResult, type ActionRun, runBundle } from "../support/action.ts";
import { aFleet, configMapYaml, siteYaml } from "../support/fleet.ts";
import { createRepository, git, temporaryFolder } from "../support/git-repository.ts";

const settings = "manifests/web/settings.yaml";

async function pushed(
  change: Readonly<Record<string, string | null>>,
  more: Partial<ActionRun> = {},
): Promise<ActionResult> {
  const files = Object.fromEntries(aFleet().map(({ path, text }) => [path, text]));
  const repository = await createRepository(files);
  const before = await repository.git("rev-parse", "HEAD");
  const after = await repository.commit(change);
  const payload = { before, after };
  return runBundle({ workspace: repository.dir, event: "push", sha: after, payload, ...more });
}

/** What a hostile text must not do, wherever it comes out. */
const hostile = [
  "\n::set-output name=verdict::pwned\n",
  "  ::add-mask::e\n",
  "##[set-output name=verdict]pwned",
  "::stop-commands::x\n",
  "````\n# heading\n</details></summary><img src=x onerror=y>",
  "@acme/all #1 [link](https://evil.example) <!-- hidden -->",
  "a | b \u202e reversed \u200b nothing \u001b[2J",
  "%0A::error::pwned",
].join(" ");

/** The summary without its code spans, fences and own tags: where nothing of a repository may stand. */
function proseOf(summary: string): string {
  return summary
    .replaceAll(/^(`{3,})diff\n[^]*?\n\1$/gm, "")
    .replaceAll(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, "")
    .replaceAll(/<\/?(?:details|summary|b|code)(?: open)?>/g, "");
}

function expectHarmless({ commands, outputs, summary, log }: ActionResult): void {
  expect(
    commands.map(({ name }) => name).filter((name) => !/^(error|warning)$/.test(name)),
  ).toEqual([]);
  expect(JSON.stringify(outputs)).not.toContain("pwned");
  expect(proseOf(summary)).not.toMatch(/pwned|evil|@acme|<|heading|hidden|reversed/);
  expect(summary.match(/<details/g)?.length ?? 0).toBe(
    summary.match(/^<\/details>$/gm)?.length ?? 0,
  );
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(summary + log).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/);
}

describe("what somebody outside wrote", () => {
  it("is harmless in the diffs of manifests", async () => {
    const text = configMapYaml("settings", {
      colour: hostile,
      [hostile.replaceAll(/\W/g, "")]: "x",
    });
    const lines = hostile.split("\n").map((line) => `    ${line.replaceAll(/\p{Cc}/gu, "")}\n`);
    const block = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  text: |\n${lines.join("")}`;
    for (const change of [text, block]) {
      const result = await pushed({ [settings]: change });
      expect(result).toMatchObject({ code: 0, outputs: { "changed-sites": "4" } });
      expect(result.commands).toEqual([]);
      expectHarmless(result);
    }
  });

  it("is harmless in mistakes: names of files, fields and values", async () => {
    const result = await pushed({
      "sites/##[set-output name=verdict]pwned, ::x%0A`@acme`.yaml": siteYaml("bad", {
        region: hostile,
        spec: { [hostile]: hostile },
      }),
      [settings]: `apiVersion: v1\nkind: ${JSON.stringify(hostile)}\nmetadata: {name: x}\n`,
    });

    expect(result).toMatchObject({ code: 1, outputs: { verdict: "invalid" } });
    expect(result.commands.length).toBeGreaterThan(1);
    expectHarmless(result);
    // Those of the kinds and those of rendering, all at once, sorted by file.
    const files = result.commands.map(({ properties }) => properties["file"]);
    expect(new Set(files)).toEqual(
      new Set([settings, "sites/##[set-output name=verdict]pwned, ::x%0A`@acme`.yaml"]),
    );
    for (const { properties } of result.commands) {
      expect(Object.keys(properties)).toEqual(["file", "line", "col", "title"]);
    }
  });

  it("is harmless in inputs", async () => {
    const base = await pushed({}, { inputs: { base: hostile } });
    const directory = await pushed({}, { inputs: { directory: hostile } });
    const failOn = await pushed({}, { inputs: { "fail-on": hostile } });

    for (const result of [base, directory, failOn]) {
      expect(result).toMatchObject({ code: 2, outputs: { verdict: "unknown" } });
      expectHarmless(result);
    }
  });

  it("is never run: no hook, filter, monitor or alias of the checkout", async () => {
    const files = Object.fromEntries(aFleet().map(({ path, text }) => [path, text]));
    const repository = await createRepository(files);
    const before = await repository.git("rev-parse", "HEAD");
    const after = await repository.commit({
      [settings]: configMapYaml("settings", { colour: "red" }),
      ".gitattributes": "* filter=evil diff=evil merge=evil\n",
    });
    const traps = await temporaryFolder();
    const trap = join(traps, "trap.sh");
    await writeFile(trap, `#!/bin/sh\ntouch ${traps}/sprung-$$\ncat\n`);
    await chmod(trap, 0o755);
    const keys = `core.fsmonitor core.pager core.sshCommand core.editor core.askPass core.alternateRefsCommand
      filter.evil.smudge filter.evil.clean filter.evil.process diff.evil.textconv diff.evil.command diff.external
      uploadpack.packObjectsHook credential.helper`;
    for (const key of keys.split(/\s+/)) {
      await repository.git("config", key, trap);
    }
    await repository.git("config", "alias.rev-parse", `!${trap}`);
    await repository.git("config", "core.hooksPath", traps);
    const payload = { before, after };
    const run = { workspace: repository.dir, event: "push", sha: after, payload };

    expect(await runBundle(run)).toMatchObject({ code: 0, outputs: { "changed-sites": "4" } });
    expect(await readdir(traps)).toEqual(["trap.sh"]);
  });

  it("is not taken for a repository where it looks like one", async () => {
    const files = Object.fromEntries(aFleet().map(({ path, text }) => [`fleet/${path}`, text]));
    const repository = await createRepository(files);
    const before = await repository.git("rev-parse", "HEAD");
    await git(["clone", "-q", "--bare", repository.dir, join(repository.dir, "fleet/planted")]);
    await writeFile(join(repository.dir, "fleet/planted/refs/keep"), "");
    const after = await repository.commit({});
    const run = {
      workspace: repository.dir,
      event: "push",
      sha: after,
      payload: { before, after },
    };
    const planted = await runBundle({ ...run, inputs: { directory: "fleet/planted" } });

    expect(planted).toMatchObject({ code: 2, outputs: { verdict: "unknown" } });
    expect(planted.commands[0]?.message).toContain("bare repository");
    expect(await runBundle({ ...run, inputs: { directory: "fleet" } })).toMatchObject({ code: 0 });
  });

  it("leads nowhere: links out of the workspace, and links instead of files", async () => {
    const outside = await temporaryFolder();
    const files = Object.fromEntries(aFleet().map(({ path, text }) => [path, text]));
    const repository = await createRepository(files);
    const before = await repository.git("rev-parse", "HEAD");
    await symlink(outside, join(repository.dir, "out"));
    await mkdir(join(repository.dir, "links"));
    await symlink("/proc/self/environ", join(repository.dir, "links/leak.yaml"));
    const after = await repository.commit({});
    const run = {
      workspace: repository.dir,
      event: "push",
      sha: after,
      payload: { before, after },
    };
    const [link, up, file] = await Promise.all([
      runBundle({ ...run, inputs: { directory: "out" } }),
      runBundle({ ...run, inputs: { directory: "../" } }),
      runBundle(run),
    ]);

    for (const result of [link, up]) {
      expect(result).toMatchObject({ code: 2, outputs: { verdict: "unknown" } });
      expect(result.commands[0]?.message).toContain("leads out of the workspace");
    }
    expect(file).toMatchObject({ code: 1, outputs: { verdict: "invalid" } });
    expect(file.commands[0]).toMatchObject({
      message: expect.stringContaining("symbolic links are not followed"),
      properties: { file: "links/leak.yaml" },
    });
    expect(file.log + file.summary).not.toContain("GITHUB_");
  });

  it("shows no value of a Secret", async () => {
    const secret = (value: string): string =>
      `apiVersion: v1\nkind: Secret\nmetadata: {name: key, annotations: {flotilla.dev/not-secret: "yes"}}\nstringData: {key: ${value}}\n`;
    const result = await pushed({ "manifests/web/secret.yaml": secret("hunter2") });

    expect(result).toMatchObject({ code: 1, outputs: { verdict: "invalid" } });
    expect(result.commands[0]?.properties["title"]).toBe("Flotilla: secret-data");
    expect(result.log + result.summary).not.toContain("hunter2");
  });
});
