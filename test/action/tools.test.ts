import { describe, expect, it } from "vitest";
import { type ActionResult, runBundle } from "../support/action.ts";
import { createRepository } from "../support/git-repository.ts";
import { toolFolder } from "../support/kubectl.ts";
import { toolFleet } from "../support/render-tools.ts";
import { chart } from "../support/tool-sources.ts";

/** The Action on a push that changes the replicas of a chart; `inputs` as the workflow gives them. */
async function push(inputs: Readonly<Record<string, string>>): Promise<ActionResult> {
  const filesWith = (replicas: number): Record<string, string> => {
    const files = toolFleet({ chart: "charts/web" }, chart, { values: { replicas } });
    return Object.fromEntries(files.map(({ path, text }) => [path, text]));
  };
  const repository = await createRepository(filesWith(1));
  const before = await repository.git("rev-parse", "HEAD");
  const after = await repository.commit(filesWith(2));
  const payload = { before, after };
  return runBundle({ workspace: repository.dir, event: "push", sha: after, payload, inputs });
}

describe("the Action on a fleet with a chart", { timeout: 60_000 }, () => {
  it("plans what the chart renders to, with the tools in the folder that the workflow names", async () => {
    const result = await push({ "tools-directory": await toolFolder() });
    expect(result).toMatchObject({
      code: 0,
      outputs: { verdict: "changes", "changed-sites": "4" },
    });
    expect(result.summary).toContain("replicas: 2");
  });

  it("says which tool the runner lacks, and calls nothing invalid", async () => {
    const result = await push({});
    expect(result).toMatchObject({ code: 2, outputs: { verdict: "unknown" } });
    expect(result.commands.map(({ message }) => message)).toEqual([
      "helm 4.2.3, which the Fleet names, was not found; install this version (as `helm`, or beside others as `helm-<version>`), or change `tools.helm` of the Fleet",
    ]);
  });
});

describe("the Action on a kustomization", { timeout: 60_000 }, () => {
  it("names the Namespace that one has renamed where its file goes, and asks for approval", async () => {
    const resources = (...files: string[]): string =>
      `namespace: prod\nresources: [${files.join(", ")}]\n`;
    const inner = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: inner}\n";
    const named = "apiVersion: v1\nkind: Namespace\nmetadata: {name: develop-test}\n";
    const files = toolFleet(
      { kustomize: "web" },
      {
        "web/kustomization.yaml": resources("inner.yaml", "ns.yaml"),
        "web/inner.yaml": inner,
        "web/ns.yaml": named,
      },
    );
    const repository = await createRepository(
      Object.fromEntries(files.map(({ path, text }) => [path, text])),
    );
    const before = await repository.git("rev-parse", "HEAD");
    const after = await repository.commit({
      "web/kustomization.yaml": resources("inner.yaml"),
      "web/ns.yaml": null,
    });
    const result = await runBundle({
      workspace: repository.dir,
      event: "push",
      sha: after,
      payload: { before, after },
      inputs: { "tools-directory": await toolFolder() },
    });

    expect(result).toMatchObject({ code: 0, outputs: { deletions: "4" } });
    expect(result.summary).toContain("- `Namespace prod` is removed at 4 sites\n");
    expect(result.summary).toContain("**Somebody has to approve**");
  });
});
