import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startHttpServer } from "../../src/adapters/http/server.ts";
import { runCommand } from "../../src/cli/main.ts";
import { FleetError } from "../../src/core/errors.ts";
import type { ObjectComparison, SiteDiff } from "../../src/core/protocol/site-diff.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { writeTokenFile } from "../../src/runtime/token-file.ts";
import { temporaryFolder } from "../support/git-repository.ts";

const object = (
  name: string,
  state: ObjectComparison["state"],
  more: Partial<ObjectComparison> = {},
): ObjectComparison => ({
  object: name,
  state,
  reason: "",
  adopts: false,
  fields: [],
  claims: [],
  omitted: 0,
  ...more,
});
const image = '.spec.template.spec.containers[name="web"].image';
const differing: readonly ObjectComparison[] = [
  object("Deployment shop/web", "differs", {
    fields: [
      {
        field: image,
        live: '"web:9\u001b[2J"',
        desired: '"web:2"',
        hidden: false,
        managers: ["kubectl-edit"],
      },
      {
        field: ".metadata.labels.tier",
        live: null,
        desired: '"shop"',
        hidden: false,
        managers: [],
      },
    ],
    claims: [{ field: image, manager: "kubectl-edit", verdict: "taken" }],
    omitted: 2,
  }),
  object("Secret shop/keys", "differs", {
    fields: [
      { field: ".data.pin", live: "(hidden)", desired: "(hidden)", hidden: true, managers: [] },
      { field: ".data.old", live: "(hidden)", desired: null, hidden: true, managers: [] },
    ],
  }),
  object("ConfigMap shop/new", "missing"),
  object("ConfigMap shop/old", "extra", { reason: "would be pruned once the app is healthy" }),
  object("ConfigMap shop/argo", "conflict", {
    adopts: true,
    claims: [
      { field: ".data.k", manager: "argocd-controller", verdict: "conflict" },
      { field: ".data.same", manager: "kustomize-controller", verdict: "shared" },
    ],
  }),
];

/** Runs the command against a controller that answers with this. */
async function flotilla(
  argv: readonly string[],
  objects: readonly ObjectComparison[] | FleetError,
) {
  const tokenFile = join(await temporaryFolder(), "token");
  await writeTokenFile(tokenFile);
  const handle = ({ query }: { readonly query: URLSearchParams }): SiteDiff => {
    if (objects instanceof FleetError) throw objects;
    const app = query.get("app") ?? "web";
    return { site: query.get("site") ?? "", apps: [{ app, compared: 9, objects: [...objects] }] };
  };
  const server = await startHttpServer({
    listen: "127.0.0.1:0",
    logger: createLogger({ name: "test", level: "silent" }),
    clock: systemClock(),
    routes: [{ kind: "json", method: "GET", path: "/api/v1/diff", handle }],
  });
  onTestFinished(() => server.close());
  let [out, err] = ["", ""];
  const code = await runCommand(argv, {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    cwd: "/",
    env: { FLOTILLA_CONTROLLER: server.url, FLOTILLA_TOKEN_FILE: tokenFile },
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

describe("flotilla diff", () => {
  it("ends with 0 where there is no difference", async () => {
    const { code, out } = await flotilla(["diff", "paris"], []);
    expect({ code, out }).toEqual({ code: 0, out: "web at paris: 9 objects, no difference\n" });
  });

  it("shows what stays of an object that is as it should be, and ends with 0", async () => {
    const reason = "keeps what is no longer in Git: manager argocd-controller owns .data.old";
    const { code, out } = await flotilla(
      ["diff", "paris"],
      [object("ConfigMap shop/a", "same", { reason }), object("ConfigMap shop/b", "same")],
    );
    expect({ code, out }).toEqual({
      code: 0,
      out: `web at paris: 9 objects, no difference\n  ConfigMap shop/a: as it should be: ${reason}\n`,
    });
  });

  it("ends with 1 and shows each difference, without secret values and control characters", async () => {
    const { code, out } = await flotilla(["diff", "paris"], differing);
    expect(code).toBe(1);
    expect(out).toMatchInlineSnapshot(`
      "web at paris: 9 objects, 5 differ
      ~ Deployment shop/web: differs
          .spec.template.spec.containers[name="web"].image (kubectl-edit)
          - "web:9 [2J"
          + "web:2"
          .metadata.labels.tier
          + "shop"
          ... 2 more
      ~ Secret shop/keys: differs
          .data.pin: changed, value not shown
          .data.old: removed, value not shown
      + ConfigMap shop/new: missing: would be created
      - ConfigMap shop/old: extra: would be pruned once the app is healthy
      ! ConfigMap shop/argo: conflict
          .data.k is held by argocd-controller
      "
    `);
  });

  it("ends with 2 where an object could not be compared, or nothing could be found out", async () => {
    const unknown = object("Job shop/seed", "unknown", { reason: "forbidden" });
    expect((await flotilla(["diff", "paris"], [...differing, unknown])).code).toBe(2);
    const silent = new FleetError("WORKER_SILENT", "the worker of east did not answer within 25 s");
    const { code, out, err } = await flotilla(["diff", "paris"], silent);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("the worker of east did not answer within 25 s");
    expect((await flotilla(["diff"], [])).code).toBe(2);
  });

  it("gives programs the whole of it", async () => {
    const { out } = await flotilla(["diff", "paris", "--app", "shop", "-o", "json"], differing);
    expect(JSON.parse(out)).toEqual({
      site: "paris",
      apps: [{ app: "shop", compared: 9, objects: differing }],
    });
  });
});

describe("flotilla adopt", () => {
  it("ends with 1 and shows who has what, and what to do", async () => {
    const { code, out } = await flotilla(["adopt", "paris"], differing);
    expect(code).toBe(1);
    expect(out).toMatchInlineSnapshot(`
      "web at paris: 2 to look at
      OBJECT               FIELD                                             MANAGER               VERDICT
      Deployment shop/web  -                                                 -                     is ours
                           .spec.template.spec.containers[name="web"].image  kubectl-edit          taken
                           ... 2 more
      ConfigMap shop/argo  -                                                 -                     becomes ours
                           .data.k                                           argocd-controller     conflict
                           .data.same                                        kustomize-controller  shared
      conflicts with argocd-controller: stop it, then set flotilla.dev/take-over: argocd-controller on these objects in Git, or take the fields out of the manifests
      shared with kustomize-controller: if it is to give them up, set flotilla.dev/take-over: kustomize-controller on these objects in Git
      "
    `);
  });

  it("ends with 0 where nothing stands in the way", async () => {
    const { code, out } = await flotilla(["adopt", "paris"], differing.slice(0, 4));
    expect(code).toBe(0);
    expect(out).toContain("kubectl-edit  taken");
    expect((await flotilla(["adopt", "paris"], [])).out).toBe(
      "web at paris: nothing to take over\n",
    );
  });
});
