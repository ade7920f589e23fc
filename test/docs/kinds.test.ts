/** What the reference pages of the kinds show works: their examples, their commands, the fields of their states. */
import { readFileSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { examples } from "../../scripts/generate-reference.ts";
import { kindNotes } from "../../scripts/kind-notes.ts";
import { runCli, type CliResult } from "../support/cli.ts";
import { git, temporaryFolder } from "../support/git-repository.ts";
import { aSite, midRollout } from "../support/page-status.ts";

const root = join(import.meta.dirname, "../..");
let fleet: string;

/** The template with the examples that are not part of it, as a repository. */
beforeAll(async () => {
  fleet = await temporaryFolder();
  await cp(join(root, "fleet-repo-template"), fleet, { recursive: true });
  for (const [kind, path] of Object.entries(examples)) {
    if (path.startsWith("fleet-repo-template/")) continue;
    await cp(join(root, path), join(fleet, `${kind}.yaml`));
  }
  await git(["init", "-q", "-b", "main"], fleet);
  await git(["add", "."], fleet);
  await git(["commit", "-q", "-m", "The fleet"], fleet);
  await writeFile(join(fleet, "token"), "a-token-of-nobody\n", { mode: 0o600 });
});

/** Runs a command line of a page; what asks the controller finds none. */
function run(line: string): Promise<CliResult> {
  const [program, ...words] = line.match(/'[^']*'|\S+/g) ?? [];
  expect(program).toBe("flotilla");
  const args = words.map((word) => word.replaceAll("'", ""));
  const env = { FLOTILLA_CONTROLLER: "http://127.0.0.1:9", FLOTILLA_TOKEN_FILE: "token" };
  return runCli(args, { cwd: fleet, env });
}

const asksController =
  /^flotilla (status|history|diff|explain (?!.*--(object|dir))|rollout (?!simulate))/;
const commands = Object.values(kindNotes).flatMap(({ working }) => working.map(([line]) => line));
const unique = [...new Set(commands)];

describe("the reference of the kinds", () => {
  it("shows examples that are valid together", async () => {
    const { code, stdout } = await run("flotilla validate -o json");

    expect({ code, found: JSON.parse(stdout) }).toMatchObject({ code: 0, found: { valid: true } });
    for (const [kind, path] of Object.entries(examples)) {
      expect(readFileSync(join(root, path), "utf8")).toMatch(new RegExp(`^kind: ${kind}$`, "m"));
    }
  });

  it.each(unique.filter((line) => !asksController.test(line)))(
    "shows `%s`, which works",
    async (line) => {
      const { code, stderr } = await run(line);

      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("error") });
    },
  );

  it.each(unique.filter((line) => asksController.test(line)))(
    "shows `%s`, which asks the controller as it stands",
    async (line) => {
      const { code, stderr } = await run(line);

      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("127.0.0.1:9") });
    },
  );

  it("names fields of the status that are there", () => {
    const fleet = midRollout(240);
    const siteList = [...fleet.siteList, aSite("oslo", "nordics", { leaving: true })];
    const status = JSON.parse(JSON.stringify({ ...fleet, siteList })) as unknown;
    const paths = Object.values(kindNotes).flatMap(({ status: rows }) =>
      rows.map(([path]) => path),
    );

    expect(paths.filter((path) => valueAt(status, path) === undefined)).toEqual([]);
    expect(paths.length).toBeGreaterThan(25);
  });
});

/** `a[].b`: of the first item that has it. */
function valueAt(value: unknown, path: string): unknown {
  return path.split(/\[\]\.|\./).reduce<unknown>((found, name) => {
    const parts = (Array.isArray(found) ? found : [found]) as (
      | Record<string, unknown>
      | undefined
    )[];
    return parts.find((part) => part?.[name] !== undefined)?.[name];
  }, value);
}
