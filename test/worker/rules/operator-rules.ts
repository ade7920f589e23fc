/** The rules of taking an operator away: its custom resources go first, for nobody else can end them. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { JsonObject } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import {
  applyAs,
  createAs,
  definition,
  definitions,
  deployments,
  gone,
  leaving,
  metadataOf,
  object,
  stands,
  told,
} from "./rule-site.ts";

const accounts = "/api/v1/namespaces/default/serviceaccounts";
const hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const services = "/api/v1/namespaces/default/services";
const rest = configMap("rest", {});
const rest2 = configMap("rest-2", {});
const operatorService = object("v1", "Service", {
  name: "operator",
  spec: { ports: [{ port: 443 }], selector: { app: "operator" } },
});

/** Of a group, which only its operator may end. */
function held(group: string, name: string): KubeObject {
  const made = object(`${group}/v1`, "Foo", { name });
  return { ...made, metadata: { ...made.metadata, finalizers: ["example.org/cleanup"] } };
}

function operator(group: string): KubeObject[] {
  return [
    definition("Foo", { group }),
    deployment("operator", "operator:1"),
    object("v1", "ServiceAccount", { name: "operator" }),
  ];
}

/** A webhook that asks nobody of anything that a test writes. */
function guard(clientConfig: JsonObject = { url: "https://localhost:9/" }): KubeObject {
  const rule = { apiGroups: ["none.example.org"], apiVersions: ["v1"], resources: ["nothing"] };
  return object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", {
    name: "operator",
    namespace: "",
    webhooks: [
      {
        name: "guard.example.org",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        clientConfig,
        rules: [{ ...rule, operations: ["DELETE"] }],
      },
    ],
  });
}

/** Marked to stay when it is dropped. */
function kept(made: KubeObject): KubeObject {
  const annotations = { "flotilla.dev/prune": "keep" };
  return { ...made, metadata: { ...made.metadata, annotations } };
}

export function operatorRules(site: TestSite): void {
  const foos = (group: string): string => `/apis/${group}/v1/namespaces/default/foos`;
  /** What an operator does that is done with it. */
  const end = (path: string) => site.cluster.put(path, { metadata: { finalizers: null } });
  /** Of what is deleted, in that order, without what only Flotilla has. */
  const deleted = (): string[] => {
    const paths = site.cluster.writes().filter((one) => one.startsWith("DELETE"));
    const names = paths.filter((one) => !one.includes("flotilla-")).map((one) => one.split("/"));
    return [...new Set(names.map((parts) => parts.slice(-2).join("/")))];
  };

  it.each(["leaves", "is dropped"])(
    "AC-07: takes the custom resources of an operator that %s away before it, and says what it waits for",
    async (how) => {
      const group = "ending.example.org";
      const other = { other: [configMap("o", {})] };
      await site.mirror.commit({
        s1: { web: [...operator(group), guard(), held(group, "a"), rest] },
      });
      site.start();
      await site.settled("web");
      site.cluster.proxy.forget();
      await site.mirror.commit({ s1: { web: how === "leaves" ? leaving(6) : [rest], ...other } });
      const { message } = await told(site, "web", "until Foo default/a is gone");
      await site.settled("other");

      expect(message).toContain("Foo default/a is being deleted, held by example.org/cleanup");
      expect(message).toContain("take finalizers off by hand");
      expect(deleted()).toEqual(["foos/a"]);
      const standing = [`${deployments}/operator`, `${accounts}/operator`, `${hooks}/operator`];
      for (const path of standing) await stands(site, path);

      await end(`${foos(group)}/a`);
      for (const path of [...standing, `${definitions}/foos.${group}`])
        await gone(site, path, 30_000);
      expect(deleted().slice(0, 2)).toEqual(["foos/a", `customresourcedefinitions/foos.${group}`]);
      const isDone = () =>
        site.report("web")?.left === true || site.report("web")?.sync === "Synced";
      await eventually("nothing is left to do", isDone);
    },
  );

  it("AC-07: takes a definition away before the operator that has to end what others have of its kind", async () => {
    const group = "theirs.example.org";
    await site.mirror.commit({ s1: { web: operator(group) } });
    site.start();
    await site.settled("web");
    await createAs(site, "somebody", { path: foos(group), object: held(group, "theirs") });
    await site.mirror.commit({ s1: { web: leaving(3) } });
    const { message } = await told(site, "web", "customresourcecleanup");

    expect(message).toContain(`kubectl get foos.${group} -A`);
    expect(message).toContain(`2 other objects wait until CustomResourceDefinition foos.${group}`);
    await stands(site, `${deployments}/operator`);
    await end(`${foos(group)}/theirs`);
    await eventually("it has left", () => site.report("web")?.left, 30_000);
    await gone(site, `${deployments}/operator`);
  });

  it("AC-07: takes nothing away that answers for a webhook before the webhook itself is away", async () => {
    await site.mirror.commit({
      s1: { web: [guard(), deployment("operator", "operator:1"), rest] },
    });
    site.start();
    await site.settled("web");
    const held = { method: "DELETE", path: `${hooks}/operator` };
    site.cluster.proxy.fail({ kind: "status", status: 403 }, held);
    await site.mirror.commit({ s1: { web: [rest] } });
    await told(site, "web", "ValidatingWebhookConfiguration operator");
    await eventually("it is tried again", () => site.cluster.proxy.count(held) > 1);

    await stands(site, `${deployments}/operator`);
    site.cluster.proxy.heal();
    await gone(site, `${hooks}/operator`);
    await gone(site, `${deployments}/operator`);
    expect(await site.settled("web")).toMatchObject({ objects: 1, message: "" });
  });

  it.each([
    { what: "for it says so", end: { annotations: { "flotilla.dev/owner": null } } },
    { what: "for another tool applies it too", end: null },
  ])(
    "AC-07: keeps what answers for a dropped webhook that stays, $what, until a person decides",
    async ({ what, end: decided }) => {
      const asking = guard({ service: { name: "operator", namespace: "default" } });
      const hook = what === "for it says so" ? kept(asking) : asking;
      const behind = [operatorService, deployment("operator", "operator:1")];
      await site.mirror.commit({ s1: { web: [hook, ...behind, rest] } });
      site.start();
      await site.settled("web");
      const path = `${hooks}/operator`;
      if (decided === null) {
        const { apiVersion, kind } = hook;
        const labelled = { apiVersion, kind, metadata: { name: "operator", labels: { by: "it" } } };
        await applyAs(site, "tool", { path, object: labelled });
      }
      await site.mirror.commit({ s1: { web: [rest] } });
      const report = await told(
        site,
        "web",
        "ValidatingWebhookConfiguration operator stays and asks Service default/operator: that waits",
      );
      expect(report).toMatchObject({ sync: "OutOfSync", objects: 4 });
      expect(report.message).toContain("take the annotation flotilla.dev/owner off it");
      await sleep(500);
      await stands(site, `${services}/operator`);
      await stands(site, `${deployments}/operator`);

      if (decided === null) await site.cluster.remove(path);
      else await site.cluster.put(path, { metadata: decided });
      await gone(site, `${services}/operator`);
      await gone(site, `${deployments}/operator`);
      expect(await site.settled("web")).toMatchObject({ objects: 1, message: "" });
      if (decided !== null) await site.cluster.remove(path);
    },
  );

  it("AC-07: lets go of no webhook that is to stay, though it is in the way, before what answers for it may go", async () => {
    const hook = kept(guard({ service: { name: "operator", namespace: "default" } }));
    await site.mirror.commit({ s1: { web: [hook, operatorService, rest] } });
    site.start();
    await site.settled("web");
    const message =
      'Internal error occurred: failed calling webhook "guard.example.org": no service';
    const body = JSON.stringify({ kind: "Status", status: "Failure", message, code: 500 });
    const path = "/api/v1/namespaces/default/configmaps/rest-2";
    site.cluster.proxy.fail({ kind: "status", status: 500, body }, { method: "PATCH", path });
    await site.mirror.commit({ s1: { web: [rest, rest2] } });
    await eventually("it is tried again", () => site.cluster.proxy.count({ path }) > 2);
    site.cluster.proxy.heal();
    await told(site, "web", "operator stays and asks Service default/operator: that waits");
    await stands(site, `${services}/operator`);

    await site.cluster.remove(`${hooks}/operator`);
    await gone(site, `${services}/operator`);
    expect(await site.settled("web")).toMatchObject({ objects: 2, message: "" });
  });

  it("AC-07: lets go of a webhook that is to stay together with what answers for it", async () => {
    const hook = kept(guard({ service: { name: "operator", namespace: "default" } }));
    await site.mirror.commit({ s1: { web: [hook, kept(operatorService), rest] } });
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: [rest] } });
    await eventually("both are let go of", () => site.report("web")?.objects === 1);
    const { message } = await site.settled("web");
    expect(message).toContain("Service default/operator was let go of");
    expect(message).toContain("ValidatingWebhookConfiguration operator was let go of");
    await site.cluster.remove(`${hooks}/operator`);
    await site.cluster.remove(`${services}/operator`);
  });

  it("AC-07: keeps what converts the objects of a definition that waits for another app's", async () => {
    const group = "converted.example.org";
    const service = { name: "operator", namespace: "default" };
    const made = definition("Foo", { group, versions: ["v1", "v2"] });
    const webhook = { clientConfig: { service }, conversionReviewVersions: ["v1"] };
    const conversion = { strategy: "Webhook", webhook };
    const spec = { ...(made["spec"] as JsonObject), conversion }; // of `definition`
    const web = [{ ...made, spec }, operatorService, deployment("operator", "operator:1"), rest];
    const foo = object(`${group}/v1`, "Foo", { name: "a" });
    await site.mirror.commit({ s1: { web, other: [foo] } });
    site.start();
    await site.settled("other");
    await site.settled("web");
    await site.mirror.commit({ s1: { web: [rest], other: [foo] } });
    await told(site, "web", `foos.${group} stays and asks Service default/operator: that waits`);
    await stands(site, `${deployments}/operator`);

    await site.mirror.commit({ s1: { web: [rest], other: [rest2] } });
    await gone(site, `${definitions}/foos.${group}`);
    await gone(site, `${services}/operator`);
    expect(await site.settled("web")).toMatchObject({ objects: 1, message: "" });
  });

  it("AC-07: takes a webhook that is to go away first where it keeps a custom resource from going", async () => {
    const group = "guarded.example.org";
    const foo = object(`${group}/v1`, "Foo", { name: "a" });
    await site.mirror.commit({ s1: { web: [...operator(group), guard(), foo] } });
    site.start();
    await site.settled("web");
    const message =
      'Internal error occurred: failed calling webhook "guard.example.org": no service';
    const body = JSON.stringify({ kind: "Status", status: "Failure", message, code: 500 });
    const path = `${foos(group)}/a`;
    site.cluster.proxy.fail({ kind: "status", status: 500, body }, { method: "DELETE", path });
    await site.mirror.commit({ s1: { web: leaving(5) } });
    await gone(site, `${hooks}/operator`);

    expect((await metadataOf(site, `${deployments}/operator`))["name"]).toBe("operator");
    site.cluster.proxy.heal();
    const hasLeft = () => site.report("web")?.left;
    expect(await eventually("it has left", hasLeft, 30_000)).toBe(true);
  });
}
