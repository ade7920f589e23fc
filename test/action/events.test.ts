import { describe, expect, it } from "vitest";
import { runBundle } from "../support/action.ts";
import { aFleet, configMapYaml, siteYaml } from "../support/fleet.ts";
import {
  type TestRepository,
  createRepository,
  git,
  temporaryFolder,
} from "../support/git-repository.ts";

const settings = "manifests/web/settings.yaml";
const red = { [settings]: configMapYaml("settings", { colour: "red" }) };
const zeros = "0".repeat(40);

const fleetFiles = (): Record<string, string> =>
  Object.fromEntries(aFleet().map(({ path, text }) => [path, text]));

/** main has moved on since the branch left it; checked out is the merge, as actions/checkout does. */
async function pullRequest(change: Record<string, string | null> = red): Promise<{
  readonly repository: TestRepository;
  readonly sha: string;
  readonly target: string;
  readonly branch: string;
}> {
  const repository = await createRepository(fleetFiles());
  await repository.git("checkout", "-q", "-b", "topic");
  const branch = await repository.commit(change);
  await repository.git("checkout", "-q", "main");
  const moved = { "sites/w2.yaml": siteYaml("w2", { region: "west", labels: { ring: "main" } }) };
  const target = await repository.commit(moved);
  await repository.git("checkout", "-q", "--detach");
  await repository.git("merge", "-q", "--no-ff", "-m", "merge", "topic");
  return { repository, sha: await repository.git("rev-parse", "HEAD"), target, branch };
}

const pullPayload = (base: string, head: string, headRepository: string): object => ({
  number: 7,
  pull_request: {
    base: { sha: base, repo: { full_name: "acme/fleet" } },
    head: { sha: head, repo: { full_name: headRepository, fork: headRepository !== "acme/fleet" } },
  },
});

describe("the Action on an event", () => {
  it.each([
    ["of the same repository", "acme/fleet"],
    ["of a fork, without any token", "mallory/fleet"],
  ])("shows what merging a pull request %s does now", async (_, headRepository) => {
    const { repository, sha, target, branch } = await pullRequest();
    const result = await runBundle({
      workspace: repository.dir,
      event: "pull_request",
      sha,
      payload: pullPayload(target, branch, headRepository),
    });

    expect(result).toMatchObject({ code: 0, commands: [] });
    expect(result.outputs).toEqual({
      verdict: "changes",
      "changed-sites": "4",
      "changed-apps": "1",
      deletions: "0",
      errors: "0",
      warnings: "0",
    });
    expect(result.summary.replaceAll(/[0-9a-f]{8,40}/g, "ID")).toMatchInlineSnapshot(`
      "### Flotilla: 4 of 4 sites change, in one way

      | virtual site | selector | sites that change |
      | --- | --- | --- |
      | \`all\` | all | 4 of 4 |
      | \`shops\` | \`tier=shop\` | 2 of 2 |
      | \`depots\` | \`tier=depot\` | 1 of 1 |

      | app | stage | chosen by | sites | before the next |
      | --- | --- | --- | --- | --- |
      | \`web\` | 1. \`canary\` | \`selector ring=canary\` | 1 | at most 0 failed, soak 2s |
      | \`web\` | 2. \`rest\` | \`rest\` | 3 | at most 0 failed, soak 2s |

      - Deletions: none

      <details open><summary><b>1</b> · app <code>web</code> · 4 sites · 1 object · +1 -1</summary>

      \`e1\` \`e2\` \`w1\` \`w2\`

      \`\`\`diff
      # ConfigMap web/settings (changes)
      @@ -8,4 +8,4 @@
         name: settings
         namespace: web
       data:
      -  colour: blue
      +  colour: red
      \`\`\`

      </details>

      From \`ID\` to \`ID\`, planned for a fleet whose sites all answer and are healthy on the base, without its real state. The same again: \`flotilla plan --base ID --head ID\` (plan \`sha256:ID\`).

      "
    `);
    expect(result.summary).toContain(`--base ${target} --head ${sha}`);
    expect(result.log).toContain("web: a new version at 4 sites, strategy standard\n");
  });

  it("compares a merge group with its base", async () => {
    const repository = await createRepository(fleetFiles());
    const base = await repository.git("rev-parse", "HEAD");
    await repository.commit(red);
    const head = await repository.commit({ "docs/readme.txt": "second of the group" });
    const result = await runBundle({
      workspace: repository.dir,
      event: "merge_group",
      sha: head,
      payload: { merge_group: { base_sha: base, head_sha: head } },
    });

    expect(result).toMatchObject({
      code: 0,
      outputs: { verdict: "changes", "changed-sites": "4" },
    });
    expect(result.summary).toContain(`--base ${base} --head ${head}`);
  });

  it("compares a push with what was there before", async () => {
    const repository = await createRepository(fleetFiles());
    const before = await repository.git("rev-parse", "HEAD");
    const after = await repository.commit({
      "manifests/till/settings.yaml": configMapYaml("till"),
    });
    const push = { workspace: repository.dir, event: "push", sha: after };
    const result = await runBundle({ ...push, payload: { before, after } });
    const unchanged = await runBundle({ ...push, payload: { before: after, after } });

    expect(result.outputs).toMatchObject({ "changed-sites": "2", "changed-apps": "1" });
    expect(unchanged).toMatchObject({ code: 0, outputs: { verdict: "no-change" } });
    expect(unchanged.summary).toContain("### Flotilla: No site changes\n");
  });

  it("plans the first push of a branch from nothing, and says so; a deleted branch is nothing to do", async () => {
    const repository = await createRepository(fleetFiles());
    const after = await repository.git("rev-parse", "HEAD");
    const push = { workspace: repository.dir, event: "push", sha: after };
    const first = await runBundle({ ...push, payload: { before: zeros, after } });
    const gone = await runBundle({ ...push, payload: { before: after, after: zeros } });

    expect(first).toMatchObject({ code: 0, outputs: { verdict: "changes", "changed-sites": "4" } });
    expect(first.summary).toContain("the branch is new, so that all is planned from nothing");
    expect(first.summary).toContain("--from-nothing");
    expect(gone).toMatchObject({ code: 0, commands: [], outputs: { verdict: "nothing-to-do" } });
    expect(gone.summary).toContain("the branch was deleted");
  });

  it("takes base and head from its inputs on any other event", async () => {
    const { repository, sha, target } = await pullRequest();
    const dispatch = { workspace: repository.dir, event: "workflow_dispatch", sha };
    const inputs = { base: "main", head: "topic" };
    const named = await runBundle({ ...dispatch, inputs });
    const unnamed = await runBundle(dispatch);

    expect(named).toMatchObject({ code: 0, outputs: { verdict: "changes" } });
    expect(named.summary).toContain(`--base ${target}`);
    expect(unnamed).toMatchObject({ code: 2, outputs: { verdict: "unknown" } });
    expect(unnamed.commands[0]?.message).toContain("give the input base");
  });

  it.each(["pull_request_target", "workflow_run"])("refuses %s, inputs or not", async (event) => {
    const { repository, sha } = await pullRequest();
    const inputs = { base: "main", head: "topic" };
    const result = await runBundle({ workspace: repository.dir, event, sha, inputs });

    expect(result).toMatchObject({ code: 2, outputs: { verdict: "unknown", "changed-sites": "" } });
    expect(result.commands[0]?.message).toContain(`the Action does not run on ${event}`);
  });

  it("says what to do where the checkout is too shallow, and works with two commits", async () => {
    const { repository, sha, target, branch } = await pullRequest();
    await repository.git("branch", "merge", sha);
    const run = { event: "pull_request", sha, payload: pullPayload(target, branch, "acme/fleet") };
    const clones = await Promise.all(
      ["1", "2"].map(async (depth) => {
        const dir = `${await temporaryFolder()}/clone`;
        await git([
          "clone",
          "-q",
          "--depth",
          depth,
          "-b",
          "merge",
          `file://${repository.dir}`,
          dir,
        ]);
        return dir;
      }),
    );
    const [shallow, enough] = await Promise.all(
      clones.map((workspace) => runBundle({ ...run, workspace })),
    );

    expect(shallow).toMatchObject({ code: 2, outputs: { verdict: "unknown" } });
    expect(shallow?.commands).toEqual([
      {
        name: "error",
        properties: { title: "Flotilla" },
        message: `the base "${sha}^" is not in this checkout; give actions/checkout fetch-depth: 0 (the default gets one commit only)`,
      },
    ]);
    expect(enough).toMatchObject({ code: 0, outputs: { "changed-sites": "4" } });
  });

  it("gives the same where there is no git", async () => {
    const { repository, sha, target, branch } = await pullRequest();
    const run = {
      workspace: repository.dir,
      event: "pull_request",
      sha,
      payload: pullPayload(target, branch, "acme/fleet"),
    };
    const [native, without] = await Promise.all([
      runBundle(run),
      runBundle({ ...run, env: { PATH: "/nonexistent" } }),
    ]);

    expect(without.summary).toBe(native.summary);
    expect(without.outputs).toEqual(native.outputs);
  });
});
