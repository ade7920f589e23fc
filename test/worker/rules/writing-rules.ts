/** The rules of writing: whose fields, what cannot be changed, in which order, and which kinds there are. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import {
  applyAs,
  configMaps,
  createAs,
  dataOf,
  definition,
  definitions,
  deployments,
  gone,
  leaving,
  metadataOf,
  namespaceOf,
  object,
  sent,
  stands,
  told,
  uidOf,
} from "./rule-site.ts";
import { reworded, unchangeable } from "./unchangeable.ts";

export function ownershipRules(site: TestSite): void {
  it("AC-01: takes no field from another tool, and names manager, field, object and site", async () => {
    const theirs = configMap("a", { k: "theirs" });
    await applyAs(site, "other-tool", { path: `${configMaps}/a`, object: theirs });
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "ours" }), configMap("b", {})] } });
    site.start();
    const report = await told(site, "web", "other-tool");

    expect(report.message).toContain("ConfigMap default/a at site s1");
    expect(report.message).toContain(".data.k");
    expect(await dataOf(site, "a")).toEqual({ k: "theirs" });
    await stands(site, `${configMaps}/b`);
  });

  it("AC-01: leaves an object that two apps claim to the first one: the second neither strips nor prunes it", async () => {
    const claimed = configMap("a", { k: "first" });
    const annotations = { "flotilla.dev/prune": "keep" };
    const first = [{ ...claimed, metadata: { ...claimed.metadata, annotations } }];
    await site.mirror.commit({ s1: { first } });
    site.start();
    await site.settled("first");
    const uid = await uidOf(site, `${configMaps}/a`);
    const second = [configMap("a", { k: "second" }), configMap("b", {})];
    await site.mirror.commit({ s1: { first, second } });
    await told(site, "second", "belongs to demo/first");
    await site.mirror.commit({ s1: { first, second: leaving(2) } });
    await eventually("the second one has left", () => site.report("second")?.left);

    const metadata = await metadataOf(site, `${configMaps}/a`);
    expect(metadata).toMatchObject({
      uid,
      annotations: { ...annotations, "flotilla.dev/owner": "demo/first" },
    });
    expect(await dataOf(site, "a")).toEqual({ k: "first" });
  });

  it("AC-02: takes over what kubectl's client-side apply had, so that fields that are not in Git go", async () => {
    const before = configMap("a", { k: "1", old: "x" });
    const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
    const annotations = { [lastApplied]: JSON.stringify(before) };
    await createAs(site, "kubectl-client-side-apply", {
      path: configMaps,
      object: { ...before, metadata: { ...before.metadata, annotations } },
    });
    const uid = await uidOf(site, `${configMaps}/a`);
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });
    site.start();
    await site.settled("web");

    expect(await dataOf(site, "a")).toEqual({ k: "1" });
    const metadata = await metadataOf(site, `${configMaps}/a`);
    expect(metadata["uid"]).toBe(uid);
    expect(JSON.stringify(metadata)).not.toContain("kubectl");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "2" })] } });
    await site.settled("web");
    expect(sent(site)).toEqual([`PATCH ${configMaps}/a`]); // taken over once
  });

  it("AC-03: goes on where somebody's managedFields name a version that is no longer served", async () => {
    const group = "versions.example.org";
    const both = definition("Engine", { group, versions: ["v1", "v1alpha1"] });
    const engine = (version: string, size: number): KubeObject =>
      object(`${group}/${version}`, "Engine", { name: "e", spec: { size } });
    const path = `/apis/${group}/v1/namespaces/default/engines/e`;
    await site.mirror.commit({ s1: { web: [both, engine("v1", 1)] } });
    site.start();
    await site.settled("web");
    const tuned = object(`${group}/v1alpha1`, "Engine", { name: "e", spec: { speed: 9 } });
    await applyAs(site, "old-tool", { path: path.replace("/v1/", "/v1alpha1/"), object: tuned });
    const one = definition("Engine", { group });
    await site.mirror.commit({ s1: { web: [one, engine("v1", 2)] } });
    await site.settled("web");

    expect((await site.cluster.get(path)).body["spec"]).toEqual({ size: 2, speed: 9 });
    await site.mirror.commit({ s1: { web: leaving(2) } });
    await eventually("it has left", () => site.report("web")?.left, 30_000);
  });

  it("AC-04: writes what has changed by one PATCH each, and does not touch or ask for anything else", async () => {
    const objects = (k: string): KubeObject[] => [
      configMap("a", { k }),
      configMap("b", { k: "1" }),
      deployment("web", "web:1"),
    ];
    await site.mirror.commit({ s1: { web: objects("1") } });
    site.start();
    await site.settled("web");
    await sleep(300);
    const before = await metadataOf(site, `${configMaps}/b`);
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: objects("2") } });
    await eventually("a is written", async () => {
      return JSON.stringify(await dataOf(site, "a")) === '{"k":"2"}';
    });
    await site.settled("web");

    const looks = `GET ${deployments}/web`; // at its health
    expect(sent(site).filter((request) => request !== looks)).toEqual([`PATCH ${configMaps}/a`]);
    expect(await metadataOf(site, `${configMaps}/b`)).toEqual(before);
  });
}

export function immutableRules(site: TestSite): void {
  it.each(unchangeable)(
    "AC-05: says that the $what cannot be changed, and deletes and recreates nothing",
    async ({ before, after, path }) => {
      await site.mirror.commit({ s1: { web: [before] } });
      site.start();
      await site.settled("web");
      const uid = await uidOf(site, path);
      site.cluster.proxy.forget();
      await site.mirror.commit({ s1: { web: [after] } });
      const report = await told(site, "web", "cannot be changed");

      expect(report.message).toContain("at site s1");
      expect(await uidOf(site, path)).toBe(uid);
      expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
      await site.mirror.commit({ s1: { web: leaving(1) } });
      await eventually("it has left", () => site.report("web")?.left);
    },
  );

  it("AC-05: says of a claim that it cannot shrink, and goes on once Git has its size again", async () => {
    const path = "/api/v1/namespaces/default/persistentvolumeclaims/disk";
    const claim = (storage: string): KubeObject =>
      object("v1", "PersistentVolumeClaim", {
        name: "disk",
        spec: {
          accessModes: ["ReadWriteOnce"],
          storageClassName: "",
          resources: { requests: { storage } },
        },
      });
    await site.mirror.commit({ s1: { web: [claim("2Gi")] } });
    site.start();
    await stands(site, path);
    // As whoever provides volumes does.
    const bound = { phase: "Bound", capacity: { storage: "2Gi" } };
    await site.cluster.put(`${path}/status`, { status: bound });
    await site.settled("web");
    const uid = await uidOf(site, path);
    await site.mirror.commit({ s1: { web: [claim("1Gi"), configMap("a", {})] } });
    const { message } = await told(site, "web", "a volume never shrinks");

    expect(message).toContain("spec.resources.requests.storage");
    expect(message).toContain("at site s1");
    await stands(site, `${configMaps}/a`);
    expect(await uidOf(site, path)).toBe(uid);
    await site.mirror.commit({ s1: { web: [claim("2Gi"), configMap("a", {})] } });
    expect(await site.settled("web")).toMatchObject({ message: "" });
    await site.mirror.commit({ s1: { web: leaving(2) } });
    await eventually("it is deleted", async () => {
      await site.cluster.put(path, { metadata: { finalizers: null } });
      return site.report("web")?.left;
    });
  });

  it("AC-05: takes an ordinary mistake that is answered by 422 for no such field, and deletes nothing", async () => {
    await site.mirror.commit({ s1: { web: [deployment("web", "web:1")] } });
    site.start();
    await site.settled("web");
    const uid = await uidOf(site, `${deployments}/web`);
    site.cluster.proxy.forget();
    const mistaken = reworded(deployment("web", "web:1"), '"replicas":1', '"replicas":-1');
    await site.mirror.commit({ s1: { web: [mistaken] } });
    const report = await told(site, "web", "replicas");

    expect(report.message).not.toContain("cannot be changed");
    await sleep(500);
    expect(await uidOf(site, `${deployments}/web`)).toBe(uid);
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
  });
}

export function orderRules(site: TestSite): void {
  it("AC-06: brings a definition, a namespace and their objects by one commit, whatever their order in it", async () => {
    const group = "together.example.org";
    const objects = [
      object(`${group}/v1`, "Widget", { name: "w", namespace: "widgets-ns" }),
      definition("Widget", { group }),
      namespaceOf("widgets-ns"),
    ];
    await site.mirror.commit({ s1: { web: objects } });
    site.start();
    expect(await site.settled("web")).toMatchObject({ objects: 3 });
    await site.mirror.commit({ s1: { web: leaving(3) } });
    await eventually("it has left", () => site.report("web")?.left, 30_000);
  });

  it("AC-06: holds an object whose kind nobody serves yet, and brings it without a commit once another app defines it", async () => {
    const group = "later.example.org";
    const user = [object(`${group}/v1`, "Widget", { name: "w" }), configMap("beside", {})];
    await site.mirror.commit({ s1: { user } });
    site.start();
    await told(site, "user", "does not know Widget");
    await stands(site, `${configMaps}/beside`);
    const definer = [definition("Widget", { group })];
    await site.mirror.commit({ s1: { user, definer } });
    expect(await site.settled("user")).toMatchObject({ objects: 2 });

    await stands(site, `/apis/${group}/v1/namespaces/default/widgets/w`);
    await site.mirror.commit({ s1: { user: leaving(2), definer: leaving(1) } });
    await eventually("both have left", () => site.report("definer")?.left, 30_000);
  });

  it("AC-06: asks again for a kind that has got another address", async () => {
    const group = "renamed.example.org";
    const web = (k: string): KubeObject[] => [object(`${group}/v1`, "Box", { name: "b", k })];
    const define = (plural: string) =>
      createAs(site, "admin", {
        path: definitions,
        object: definition("Box", { group, plural }),
      });
    await define("boxes");
    await site.mirror.commit({ s1: { web: web("1") } });
    site.start();
    await site.settled("web");
    await site.cluster.remove(`${definitions}/boxes.${group}`);
    await gone(site, `${definitions}/boxes.${group}`, 30_000);
    await define("boxen");
    await site.mirror.commit({ s1: { web: web("2") } });
    expect(await site.settled("web")).toMatchObject({ objects: 1 });

    await stands(site, `/apis/${group}/v1/namespaces/default/boxen/b`);
    await site.mirror.commit({ s1: { web: leaving(1) } });
    await eventually("it has left", () => site.report("web")?.left);
    await site.cluster.remove(`${definitions}/boxen.${group}`);
  });

  it("AC-06: deletes no definition whose objects another app still has", async () => {
    const group = "shared.example.org";
    const user = [object(`${group}/v1`, "Widget", { name: "w" })];
    const rest = configMap("rest", {});
    await site.mirror.commit({ s1: { user, definer: [definition("Widget", { group }), rest] } });
    site.start();
    await site.settled("user");
    await site.settled("definer");
    const path = `/apis/${group}/v1/namespaces/default/widgets/w`;
    const uid = await uidOf(site, path);
    await site.mirror.commit({ s1: { user, definer: [rest] } });
    await told(site, "definer", "app user still has objects that would go with it");

    expect(await uidOf(site, path)).toBe(uid);
    await site.mirror.commit({ s1: { user: leaving(1), definer: [rest] } });
    await gone(site, `${definitions}/widgets.${group}`, 30_000);
  });

  it.each([
    ["the app's own", ""],
    ["another app's", "user"],
    ["an app's that the mirror does not name", "gone"],
  ])(
    "AC-06: lets objects of another kind hold no definition of their group, be they %s",
    async (_, by) => {
      const group = `kinds${by}.example.org`;
      const rest = [definition("Foo", { group }), object(`${group}/v1`, "Foo", { name: "f" })];
      const bars = definition("Bar", { group });
      const apps = (web: KubeObject[]) =>
        by === "" ? { web: [...web, ...rest] } : { web: [...web, configMap("w", {})], [by]: rest };
      await site.mirror.commit({ s1: apps([bars]) });
      site.start();
      await site.settled("web");
      if (by !== "") await site.settled(by);
      if (by === "gone") await site.mirror.commit({ s1: { web: [bars, configMap("w", {})] } });
      await site.mirror.commit({ s1: by === "gone" ? { web: [configMap("w", {})] } : apps([]) });
      expect((await site.settled("web")).message).toBe("");

      await gone(site, `${definitions}/bars.${group}`);
      await stands(site, `/apis/${group}/v1/namespaces/default/foos/f`);
      await site.cluster.remove(`${definitions}/foos.${group}`);
    },
  );

  it("AC-06: lets go of a definition for what is to be kept of its kind, and of no other of its group", async () => {
    const group = "keeping.example.org";
    const foo = object(`${group}/v1`, "Foo", { name: "f" });
    const annotations = { "flotilla.dev/prune": "keep" };
    const kept = { ...foo, metadata: { ...foo.metadata, annotations } };
    const both = [definition("Foo", { group }), definition("Bar", { group })];
    await site.mirror.commit({ s1: { web: [...both, kept] } });
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: leaving(3) } });
    const hasLeft = () => site.report("web")?.left;
    expect(await eventually("it has left", hasLeft, 30_000)).toBe(true);
    const { message } = await told(
      site,
      "web",
      `CustomResourceDefinition foos.${group} was let go of, not deleted: it holds what is to stay`,
    );
    expect(message).toContain(
      "Foo default/f was let go of, not deleted: it says that it is to stay",
    );

    await gone(site, `${definitions}/bars.${group}`);
    await stands(site, `/apis/${group}/v1/namespaces/default/foos/f`);
    await site.cluster.remove(`${definitions}/foos.${group}`);
  });

  it("AC-07: writes what others need before them, and what can refuse all others last", async () => {
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/ordered";
    const place = { namespace: "ordered" };
    const subjects = [{ kind: "ServiceAccount", name: "sa", namespace: "ordered" }];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" };
    const service = { namespace: "ordered", name: "hook" };
    const webhook = {
      name: "hook.example.org",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      failurePolicy: "Fail",
      clientConfig: { service },
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ordered" } },
      rules: [
        {
          apiGroups: ["apps"],
          apiVersions: ["v1"],
          operations: ["DELETE"],
          resources: ["deployments"],
        },
      ],
    };
    await site.mirror.commit({
      s1: {
        web: [
          object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", {
            name: "aaa",
            namespace: "",
            webhooks: [webhook],
          }),
          deployment("hook", "hook:1", "ordered"),
          object("v1", "Service", { name: "hook", ...place, spec: { ports: [{ port: 443 }] } }),
          object("rbac.authorization.k8s.io/v1", "RoleBinding", {
            name: "b",
            ...place,
            roleRef,
            subjects,
          }),
          object("rbac.authorization.k8s.io/v1", "Role", { name: "r", ...place, rules: [] }),
          object("v1", "ServiceAccount", { name: "sa", ...place }),
          namespaceOf("ordered"),
        ],
      },
    });
    site.start();
    await site.settled("web");
    const hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    const writes = site.cluster.writes();
    const at = (path: string): number => writes.indexOf(`PATCH ${path}`);
    const inside = "/api/v1/namespaces/ordered";
    const order = [
      at(inside),
      Math.max(at(`${rbac}/roles/r`), at(`${inside}/serviceaccounts/sa`)),
      Math.max(at(`${rbac}/rolebindings/b`), at(`${inside}/services/hook`)),
      at("/apis/apps/v1/namespaces/ordered/deployments/hook"),
      at(`${hooks}/aaa`),
    ];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order[0]).toBeGreaterThanOrEqual(0);
    await site.mirror.commit({ s1: { web: leaving(7) } });
    await eventually("it has left", () => site.report("web")?.left, 40_000);
    // What can refuse the deletes of all others goes first.
    expect(site.cluster.writes().find((one) => one.startsWith("DELETE"))).toBe(
      `DELETE ${hooks}/aaa`,
    );
  });

  it("AC-07: takes away first what the app has dropped and what refuses the rest of it", async () => {
    const dropped = webhooks("dropped", "guard.example.org");
    const other = webhooks("other", "other.example.org");
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" }), dropped, other] } });
    site.start();
    await site.settled("web");
    const hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    const message =
      'Internal error occurred: failed calling webhook "guard.example.org": no service';
    const body = JSON.stringify({ kind: "Status", status: "Failure", message, code: 500 });
    const path = /configmaps\/a/;
    site.cluster.proxy.fail({ kind: "status", status: 500, body }, { method: "PATCH", path });
    // It still has the one that refuses: that stays, however much it is in the way.
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "2" }), dropped] } });
    await told(site, "web", "guard.example.org");
    await stands(site, `${hooks}/dropped`);
    await stands(site, `${hooks}/other`);

    await site.mirror.commit({ s1: { web: [configMap("a", { k: "2" })] } });
    await gone(site, `${hooks}/dropped`);
    // What does not refuse waits until the app is well.
    await stands(site, `${hooks}/other`);
    site.cluster.proxy.heal();
    await site.settled("web");
    await gone(site, `${hooks}/other`);
    expect(await dataOf(site, "a")).toEqual({ k: "2" });
  });

  it("AC-07: does not take for an error in a comparison what is only not there yet", async () => {
    const group = "unborn.example.org";
    const objects = [
      configMap("a", {}, "unborn"),
      namespaceOf("unborn"),
      object(`${group}/v1`, "Widget", { name: "w", namespace: "unborn" }),
      definition("Widget", { group }),
    ];
    site.cluster.proxy.fail({ kind: "status", status: 503 }, { method: "PATCH" });
    await site.mirror.commit({ s1: { web: objects } });
    site.start();
    await eventually("it is assigned", () => site.report("web"));
    await eventually("its cluster has answered", () =>
      site.mirror.reports.some(({ sites }) => sites.some(({ uid }) => uid !== undefined)),
    );
    const compared = (await site.mirror.ask("s1", "web")).apps.flatMap((app) => app.objects);

    expect(compared.map(({ state }) => state)).toEqual([
      "missing",
      "missing",
      "missing",
      "missing",
    ]);
    site.cluster.proxy.heal();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: leaving(4) } });
    await eventually("it has left", () => site.report("web")?.left, 40_000);
  });

  it("AC-08: says that an object has a namespace which its kind does not have, or lacks one, and makes nothing anew", async () => {
    const group = "scopes.example.org";
    const wide = definition("Wide", { group, scope: "Cluster" });
    const narrow = definition("Narrow", { group });
    const w = object(`${group}/v1`, "Wide", { name: "w" });
    const n = object(`${group}/v1`, "Narrow", { name: "n", namespace: "" });
    await site.mirror.commit({ s1: { web: [wide, narrow, w, n] } });
    site.start();
    // Before, that they wait for their definitions.
    await told(site, "web", "Wide default/w: the cluster has Wide without namespaces");
    await told(site, "web", "Narrow n: the cluster has Narrow in namespaces only");
    site.cluster.proxy.forget();
    await sleep(600);
    expect(site.cluster.writes()).toEqual([]);

    site.cluster.proxy.forget();
    const right = [
      { ...w, metadata: { name: "w" } },
      object(`${group}/v1`, "Narrow", { name: "n" }),
    ];
    await site.mirror.commit({ s1: { web: [wide, narrow, ...right] } });
    await site.settled("web");
    const uid = await uidOf(site, `/apis/${group}/v1/wides/w`);
    await site.mirror.commit({ s1: { web: [wide, narrow, ...right, configMap("a", {})] } });
    await site.settled("web");
    expect(await uidOf(site, `/apis/${group}/v1/wides/w`)).toBe(uid);
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
    await site.mirror.commit({ s1: { web: leaving(5) } });
    await eventually("it has left", () => site.report("web")?.left, 30_000);
  });
}

/** A webhook that asks nobody of anything that a test writes. */
function webhooks(name: string, webhook: string): KubeObject {
  return object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", {
    name,
    namespace: "",
    webhooks: [
      {
        name: webhook,
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        clientConfig: { url: "https://localhost:9/" },
        rules: [
          {
            apiGroups: ["none.example.org"],
            apiVersions: ["v1"],
            operations: ["DELETE"],
            resources: ["nothing"],
          },
        ],
      },
    ],
  });
}
