import { describe, expect, it } from "vitest";
import { apiTables } from "../../../src/core/cluster-model/ownership/built-in-schemas.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { pluralOf } from "../../../src/core/rbac/plural-of.ts";
import { guessedKinds, workerRights } from "../../../src/core/rbac/worker-rights.ts";

const object = (
  apiVersion: string,
  kind: string,
  { name = "x", namespace = "", ...rest }: JsonObject & { readonly name?: string },
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace !== "" && { namespace }) },
  ...rest,
});
const subject = { user: "worker" };
const apply = ["create", "delete", "get", "list", "patch"];

/** `<place>: <group>/<resources> <verbs> <names>` for each rule of the worker. */
function rulesOf(...objects: KubeObject[]): string[] {
  return rulesIn(workerRights(objects, subject), "flotilla-worker");
}

/** The same of the roles with a name. */
function rulesIn(rights: readonly KubeObject[], role: string): string[] {
  return rights.flatMap(({ kind, metadata, rules }) =>
    kind.endsWith("Role") && metadata.name === role
      ? (rules as Record<string, readonly string[]>[]).map(
          ({ apiGroups, resources, verbs, resourceNames }) =>
            [
              `${typeof metadata["namespace"] === "string" ? metadata["namespace"] : "cluster"}:`,
              `${apiGroups?.join(",")}/${resources?.join(",")}`,
              verbs?.join() === apply.join() ? "apply" : verbs?.join(","),
              ...(resourceNames ?? []),
            ].join(" "),
        )
      : [],
  );
}

const always = ["cluster: /namespaces get kube-system", "flotilla-system: /configmaps apply"];

describe("the rights of a worker", () => {
  it("are, without any object, to ask who the cluster is and to keep inventories", () => {
    expect(rulesOf()).toEqual(always);
  });

  it("are those of the kinds in each namespace, and pods only where workloads are", () => {
    const found = rulesOf(
      object("v1", "ConfigMap", { namespace: "one" }),
      object("apps/v1", "Deployment", { namespace: "two" }),
      object("apps/v1", "StatefulSet", { namespace: "two" }),
      object("networking.k8s.io/v1", "Ingress", { namespace: "two" }),
    );
    expect(found).toEqual([
      ...always,
      "one: /configmaps apply",
      "two: /pods list",
      "two: apps/deployments,statefulsets apply",
      "two: networking.k8s.io/ingresses apply",
    ]);
  });

  it("are granted in the whole cluster where the namespace itself comes from Git, or there is none", () => {
    const found = rulesOf(
      object("v1", "Namespace", { name: "one" }),
      object("v1", "Secret", { namespace: "one" }),
      object("storage.k8s.io/v1", "StorageClass", {}),
    );
    expect(found).toEqual([
      "cluster: /namespaces,secrets apply",
      "cluster: /namespaces get kube-system",
      "cluster: storage.k8s.io/storageclasses apply",
      "flotilla-system: /configmaps apply",
    ]);
  });

  it("have escalate and bind, by name, only where rights are delivered", () => {
    const found = rulesOf(
      object("rbac.authorization.k8s.io/v1", "Role", { name: "r", namespace: "one" }),
      object("rbac.authorization.k8s.io/v1", "RoleBinding", {
        namespace: "one",
        roleRef: { kind: "ClusterRole", name: "view" },
      }),
    );
    expect(found).toEqual([
      ...always,
      "one: rbac.authorization.k8s.io/clusterroles bind view",
      "one: rbac.authorization.k8s.io/rolebindings,roles apply",
      "one: rbac.authorization.k8s.io/roles escalate r",
    ]);
  });

  it("AC-24: are for apps with an account to read and to be that account; only the account may write", () => {
    const account = { namespace: "one", name: "deployer" };
    const rights = workerRights([object("v1", "ConfigMap", { namespace: "one" })], subject, {
      written: [
        {
          account,
          objects: [
            object("v1", "Namespace", { name: "one" }),
            object("apps/v1", "Deployment", { namespace: "one" }),
            object("v1", "ConfigMap", { namespace: "two" }),
            object("rbac.authorization.k8s.io/v1", "Role", { name: "r", namespace: "one" }),
          ],
        },
      ],
    });
    expect(rulesIn(rights, "flotilla-worker")).toEqual([
      "cluster: /configmaps apply",
      "cluster: /namespaces get kube-system",
      "cluster: /namespaces get,list",
      "cluster: /pods list",
      "cluster: apps/deployments get,list",
      "cluster: rbac.authorization.k8s.io/roles get,list",
      "flotilla-system: /configmaps apply",
      "one: /serviceaccounts impersonate deployer",
      "two: /configmaps get,list",
    ]);
    // Its own namespace may come from Git: the whole cluster is not the account's for that.
    expect(rulesIn(rights, "flotilla:one:deployer")).toEqual([
      "cluster: /namespaces create,delete,patch",
      "one: apps/deployments create,delete,patch",
      "one: rbac.authorization.k8s.io/roles create,delete,patch",
      "two: /configmaps create,delete,patch",
    ]);
    const bound = rights.filter(({ kind }) => kind.endsWith("Binding"));
    const subjects = bound.map(({ metadata, subjects: to }) => [metadata.name, to]);
    expect(subjects).toContainEqual([
      "flotilla:one:deployer",
      [{ kind: "ServiceAccount", ...account }],
    ]);
    const spaces = rights.filter(({ kind }) => kind === "Namespace");
    expect(spaces.map(({ metadata }) => metadata.name)).toEqual(["flotilla-system", "one", "two"]);
  });

  it("use the plurals of definitions, those of other sites too, and say where they had to guess", () => {
    const definition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", {
      spec: { group: "example.org", names: { kind: "Ox", plural: "oxen" } },
    });
    const ox = object("example.org/v1", "Ox", { namespace: "one" });
    expect(rulesOf(definition, ox)).toContain("one: example.org/oxen apply");
    const rights = workerRights([ox], subject, { definitions: [definition] });
    expect(rulesIn(rights, "flotilla-worker")).toEqual([...always, "one: example.org/oxen apply"]);
    const isBuiltIn = ({ kind }: KubeObject): boolean => kind === "CustomResourceDefinition";
    expect(guessedKinds([definition, ox], [definition], isBuiltIn)).toEqual([]);
    expect(guessedKinds([ox], [], isBuiltIn)).toEqual(["Ox of example.org/v1"]);
  });

  it("know the plural of every kind that Kubernetes has", () => {
    const resources = Object.values(apiTables.resources).flat();
    const own = resources.filter(({ name, group }) => !name.includes("/") && group === undefined);
    expect(own.length).toBeGreaterThan(50);
    expect(own.filter(({ kind, name }) => pluralOf(kind) !== name)).toEqual([]);
  });
});
