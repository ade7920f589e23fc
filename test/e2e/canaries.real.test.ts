/**
 * A canary in every secret place, on real API servers, and a look for it in everything that Flotilla writes or says.
 * What quotes a secret here is what does so in life: a condition, a refusal, a damaged file, an address.
 */
import { execFile } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTokenFile } from "../../src/runtime/token-file.ts";
import { type GitHubStandIn, startGitHubStandIn } from "../support/github-stand-in.ts";
import {
  appText,
  configMapText,
  deploymentText,
  fleetText,
  regionText,
  siteText,
  strategyText,
  virtualSiteText,
} from "./fleet-texts.ts";
import { runFlotilla } from "./process.ts";
import { type World, createWorld, eventually } from "./world.ts";

const minutes = 60_000;
const run = promisify(execFile);
const base64 = (text: string): string => Buffer.from(text).toString("base64");

const canary = {
  /** In a Secret of the cluster, which nobody gave Flotilla. */
  live: "tr0ub4dor-live-canary",
  /** In a Secret that somebody commits. */
  committed: "tr0ub4dor-committed-canary",
  sops: "ENC[AES256_GCM,data:c0mm1ttedS0psCanary,type:str]",
  kubeconfig: "tr0ub4dor-kubeconfig-canary",
  url: "tr0ub4dor-url-canary",
} as const;

const gadgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true }
`;

describe("secrets", { timeout: 4 * minutes }, () => {
  let world: World;
  let github: GitHubStandIn;
  const commits: string[] = [];

  beforeAll(async () => {
    github = await startGitHubStandIn({ repository: "acme/fleet", token: "gh-test-token" });
    world = await createWorld({
      regions: { east: ["a1"] },
      github: { repository: "acme/fleet", apiUrl: github.url, token: "gh-test-token" },
      faultyLinks: true,
    });
  }, 4 * minutes);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await github[Symbol.asyncDispose]();
  });

  const commit = async (edits: Parameters<World["repo"]["commit"]>[0]): Promise<void> => {
    commits.push(await world.repo.commit(edits));
  };
  const messageOf = async (app: string): Promise<string> => {
    const status = await world.status();
    const site = status?.siteList.find((one) => one.site === "a1");
    return site?.apps.find((one) => one.app === app)?.message ?? "";
  };
  const siteSays = async (): Promise<string> => (await world.cli("status", "-o", "json")).stdout;
  const secret = (data: object): string =>
    JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "db" }, ...data });

  it("are told nowhere, whoever quotes them", async () => {
    await commit({
      "fleet.yaml": fleetText(),
      "regions/east.yaml": regionText("east"),
      "sites/a1.yaml": siteText({ name: "a1", region: "east" }),
      "virtual/all.yaml": virtualSiteText("all", ""),
      "strategies/fast.yaml": strategyText({ stages: ["{ name: all }"], progressDeadline: "5m" }),
      "apps/web.yaml": appText({ name: "web" }),
      "manifests/web/deployment.yaml": deploymentText("web", "example.com/web:1"),
      "manifests/web/settings.yaml": configMapText("settings", { colour: "blue" }),
      "manifests/web/db.yaml": secret({}),
      "apps/gadget.yaml": appText({ name: "gadget" }),
      "manifests/gadget/definition.yaml": gadgets,
      "manifests/gadget/gadget.yaml": `apiVersion: example.com/v1\nkind: Gadget\nmetadata: { name: g }\n`,
    });
    world.startController();
    world.startWorker("east");
    const { api, cluster, wire } = world.site("a1");
    const patch = (path: string, body: object): ReturnType<typeof api.request> =>
      api.request(path, { method: "PATCH", body, contentType: "application/merge-patch+json" });

    await eventually("the Secret is there", async () => {
      const data = { password: base64(canary.live) };
      return (await patch("/api/v1/namespaces/web/secrets/db", { data })).status === 200;
    });
    await eventually("a condition quotes it", async () => {
      const message = `cannot log in with ${canary.live} (${base64(canary.live)})`;
      const conditions = [{ type: "Ready", status: "False", reason: "Login", message }];
      await patch("/apis/example.com/v1/namespaces/gadget/gadgets/g/status", {
        status: { conditions },
      });
      const told = await messageOf("gadget");
      return told.includes("cannot log in with [redacted]") && !told.includes("tr0ub4dor");
    });
    const told: string[] = [await readings()];

    const message = `ConfigMap is invalid: "${canary.live}" is not "${cluster.token}"`;
    const body = JSON.stringify({ kind: "Status", status: "Failure", reason: "Invalid", message });
    wire.fail({ kind: "status", status: 422, body }, { method: "PATCH", path: /settings/ });
    await commit({ "manifests/web/settings.yaml": configMapText("settings", { colour: "red" }) });
    await eventually("a refusal quotes it", async () =>
      (await messageOf("web")).includes("ConfigMap is invalid"),
    );
    told.push(await readings());

    await commit({
      "manifests/web/db.yaml": secret({ stringData: { password: canary.committed } }),
      "manifests/web/sops.yaml": secret({ data: { password: canary.sops } }),
    });
    const head = commits.at(-1) ?? "";
    await eventually("the commit is refused", () =>
      github.statuses(head).some(({ state }) => state === "failure"),
    );
    told.push(await readings());

    const kubeconfig = join(world.dir, "a1.kubeconfig");
    const good = await readFile(kubeconfig, "utf8");
    await writeFile(kubeconfig, `users: [{ user: { token: ${canary.kubeconfig}`);
    await eventually("the kubeconfig is told", async () =>
      (await siteSays()).includes("is not a kubeconfig"),
    );
    told.push(await readings());
    await writeFile(kubeconfig, good);

    const address = `https://ada:${canary.url}@127.0.0.1:1`;
    const asked = await runFlotilla(["status", "--controller", address]);
    told.push(asked.stdout, asked.stderr);
    told.push(...(await written()));

    const all = told.join("\n");
    expect(all).toContain("cannot log in with [redacted]");
    for (const [place, value] of Object.entries(await secrets())) {
      expect(all.includes(value), `a secret was told: ${place}`).toBe(false);
    }
  });

  /** Every secret that the fleet has, and the canaries. */
  const secrets = async (): Promise<Record<string, string>> => ({
    ...canary,
    "live, encoded": base64(canary.live),
    "committed, encoded": base64(canary.committed),
    cluster: world.site("a1").cluster.token,
    github: "gh-test-token",
    api: await readTokenFile(join(world.dir, "api-token")),
    mirror: await readTokenFile(join(world.dir, "tokens", "east")),
    fleet: await readTokenFile(join(world.dir, "tokens", "fleet")),
  });

  /** What the commands say, in words and as data. */
  const readings = async (): Promise<string> => {
    const { checkout } = world.repo;
    const said: string[] = [];
    for (const output of ["table", "json"]) {
      const ask = [
        ["status"],
        ["explain", "a1", "web"],
        ["explain", "a1", "gadget"],
        ["history", "web"],
        ["diff", "a1"],
        ["adopt", "a1"],
      ];
      for (const command of ask) {
        const { stdout, stderr } = await world.cli(...command, "-o", output);
        said.push(stdout, stderr);
      }
      for (const command of ["validate", "plan"]) {
        const { stdout, stderr } = await runFlotilla([command, checkout, "-o", output]);
        said.push(stdout, stderr);
      }
    }
    return said.join("\n");
  };

  /** Logs, stores and repositories, as they lie on the disk; what GitHub was told. */
  const written = async (): Promise<string[]> => {
    const { dir } = world;
    const stores = [
      world.controlRepo,
      world.mirrorRepo("east"),
      join(dir, "worker-east/mirror.git"),
    ];
    const objects = stores.map(async (gitDir) => {
      const args = ["--git-dir", gitDir, "cat-file", "--batch", "--batch-all-objects"];
      const { stdout } = await run("git", args, { encoding: "latin1", maxBuffer: 2 ** 28 });
      return stdout;
    });
    const observed = world.repo.git("ls-remote", "origin", "refs/flotilla/*");
    const names = await readdir(join(dir, "worker-east"));
    const files = [
      join(dir, "controller.log"),
      join(dir, "worker-east.log"),
      ...names
        .filter((name) => name.startsWith("state."))
        .map((name) => join(dir, "worker-east", name)),
    ];
    const texts = files.map((file) => readFile(file, "latin1"));
    const statuses = commits.map((sha) => JSON.stringify(github.statuses(sha)));
    return [...(await Promise.all([...objects, ...texts, observed])), ...statuses];
  };
});
