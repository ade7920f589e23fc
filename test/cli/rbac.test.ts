import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { JsonObject } from "../../src/core/model/json.ts";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { runCli } from "../support/cli.ts";
import { aFleet, appYaml, configMapYaml, type FleetEdits } from "../support/fleet.ts";
import { emptyFolder, folderWith } from "../support/folder.ts";
import { createRepository } from "../support/git-repository.ts";

/** `kind namespace/name` of each. */
async function printed(edits: FleetEdits, ...args: readonly string[]): Promise<string[]> {
  return namesOf(await rights(edits, ...args));
}

async function rights(edits: FleetEdits, ...args: readonly string[]): Promise<KubeObject[]> {
  const { code, stderr, stdout } = await runCli(["rbac", folderWith(aFleet(edits)), ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return parseAllDocuments(stdout).map((one) => one.toJS() as KubeObject);
}

function namesOf(objects: readonly KubeObject[]): string[] {
  return objects.map(({ kind, metadata: { namespace, name } }) =>
    typeof namespace === "string" ? `${kind} ${namespace}/${name}` : `${kind} ${name}`,
  );
}

const tillAs = (serviceAccountName: string): FleetEdits => ({
  "apps/till.yaml": appYaml("till", { virtualSites: ["shops"], spec: { serviceAccountName } }),
});

/** A manifest as JSON, which YAML is a superset of. */
function object(
  apiVersion: string,
  kind: string,
  { name = "x", namespace, ...rest }: JsonObject & { readonly name?: string },
): string {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return JSON.stringify({ apiVersion, kind, metadata, ...rest });
}

const ofWorker = [
  "Namespace flotilla-system",
  "ClusterRole flotilla-worker",
  "ClusterRoleBinding flotilla-worker",
  "Role flotilla-system/flotilla-worker",
  "RoleBinding flotilla-system/flotilla-worker",
];

const inNamespace = (namespace: string, role: string): string[] => [
  `Namespace ${namespace}`,
  `Role ${namespace}/${role}`,
  `RoleBinding ${namespace}/${role}`,
];

describe("flotilla rbac", () => {
  it("prints the rights for what one site gets, and those of all sites for all", async () => {
    const depot = await printed({}, "--site", "e2");
    expect(depot.toSorted()).toEqual(
      [...ofWorker, ...inNamespace("web", "flotilla-worker")].toSorted(),
    );
    const all = await printed({}, "--all");
    expect(all.toSorted()).toEqual(
      [...depot, ...inNamespace("till", "flotilla-worker")].toSorted(),
    );
  });

  it("prints the same as one JSON list", async () => {
    const dir = folderWith(aFleet());
    const yaml = await runCli(["rbac", dir, "--all"]);
    const json = await runCli(["rbac", dir, "--all", "-o", "json"]);
    const items = parseAllDocuments(yaml.stdout).map((one) => one.toJS() as KubeObject);
    expect(JSON.parse(json.stdout)).toEqual({ apiVersion: "v1", kind: "List", items });
  });

  it("gives the rights to write an app to its service account, and to the worker those to be it", async () => {
    const found = await rights(tillAs("deployer"), "--site", "w1");
    const inTill = found.filter(({ metadata }) => metadata["namespace"] === "till");
    const bindings = inTill.filter(({ kind }) => kind === "RoleBinding");
    expect(bindings.map(({ metadata, subjects }) => [metadata.name, subjects])).toEqual([
      [
        "flotilla-worker",
        [{ kind: "ServiceAccount", namespace: "flotilla-system", name: "flotilla-worker" }],
      ],
      ["flotilla:till:deployer", [{ kind: "ServiceAccount", namespace: "till", name: "deployer" }]],
    ]);
    const verbs = inTill.flatMap(({ kind, metadata, rules }) =>
      kind === "Role"
        ? (rules as { resources: string[]; verbs: string[] }[]).map(
            (rule) => `${metadata.name}: ${rule.resources.join()} ${rule.verbs.join()}`,
          )
        : [],
    );
    expect(verbs.toSorted()).toEqual([
      "flotilla-worker: configmaps get,list",
      "flotilla-worker: serviceaccounts impersonate",
      "flotilla:till:deployer: configmaps create,delete,patch",
    ]);
  });

  it("binds them to the user or the service account that is named", async () => {
    const byUser = await rights({}, "--site", "e2", "--user", "oslo-worker");
    const byAccount = await rights({}, "--site", "e2", "--service-account", "ops/flotilla");
    const subjectsOf = (found: readonly KubeObject[]): unknown[] =>
      found.flatMap(({ subjects }) => (subjects === undefined ? [] : [subjects]));
    const user = { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "oslo-worker" };
    expect(subjectsOf(byUser)).toEqual([[user], [user], [user]]);
    const account = { kind: "ServiceAccount", namespace: "ops", name: "flotilla" };
    expect(subjectsOf(byAccount)).toEqual([[account], [account], [account]]);
  });

  it("prints those of a commit that is not checked out", async () => {
    const repository = await createRepository(
      Object.fromEntries(aFleet().map(({ path, text }) => [path, text])),
    );
    const first = (await repository.git("rev-parse", "HEAD")).trim();
    await repository.commit({
      "manifests/web/extra.yaml": configMapYaml("extra, namespace: other"),
    });
    const at = async (...args: readonly string[]): Promise<string> =>
      (await runCli(["rbac", repository.dir, "--site", "e2", ...args])).stdout;
    expect(await at()).toContain("namespace: other");
    expect(await at("--revision", first)).not.toContain("namespace: other");
  });

  it("addresses a kind as its definition says, wherever that is delivered, and tells where it had to guess", async () => {
    const ox = object("example.org/v1", "Ox", { namespace: "web" });
    const definition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", {
      name: "oxen.example.org",
      spec: { group: "example.org", scope: "Namespaced", names: { kind: "Ox", plural: "oxen" } },
    });
    const depot = (files: FleetEdits): ReturnType<typeof runCli> =>
      runCli(["rbac", folderWith(aFleet(files)), "--site", "e2"]);
    const defined = await depot({
      "manifests/web/ox.yaml": ox,
      "manifests/till/crd.yaml": definition,
    });
    expect(defined).toMatchObject({ code: 0, stderr: "" });
    expect(defined.stdout).toContain("oxen");
    const guessed = await depot({ "manifests/web/ox.yaml": ox });
    expect(guessed.stderr).toBe(
      "the fleet does not define Ox of example.org/v1: its plural is a guess\n",
    );
    expect(guessed.stdout).toContain("oxes");
  });

  it.each([
    { args: [], says: "one of --site and --all must be there" },
    { args: ["--site", "e1", "--all"], says: "one of --site and --all must be there" },
    { args: ["--all", "--user", "a", "--service-account", "b/c"], says: "exclude each other" },
    { args: ["--all", "--service-account", "worker"], says: "write NAMESPACE/NAME" },
    { args: ["--site", "e9"], says: "e9" },
  ])("refuses $args", async ({ args, says }) => {
    const { code, stderr, stdout } = await runCli(["rbac", folderWith(aFleet()), ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
  });

  it("prints nothing of a fleet with a mistake in it", async () => {
    const dir = folderWith(aFleet({ "apps/web.yaml": appYaml("web", { virtualSites: ["none"] }) }));
    const { code, stderr, stdout } = await runCli(["rbac", dir, "--all"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("apps/web.yaml:");
    expect((await runCli(["rbac", emptyFolder(), "--all"])).code).not.toBe(0);
  });
});
