/** The rules of applying on real API servers. */
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { createCertificate } from "../support/certificate.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, eventually } from "../support/kube-worker.ts";
import { applyingRules } from "./rules/applying-rules.ts";
import { realPreviewRules } from "./rules/preview-rules.ts";
import {
  createAs,
  definition,
  definitions,
  leaving,
  namespaceOf,
  object,
  told,
  uidOf,
} from "./rules/rule-site.ts";

describe("the rules of applying, on real API servers", { timeout: 60_000 }, () => {
  const site = useTestSite(2);
  applyingRules(site);
  realPreviewRules(site);

  // The model has each kind in one group.
  it("AC-11: deletes no object whose kind the app, or another one, has in another group of the API now", async () => {
    const path = "/api/v1/namespaces/default/events/ev";
    const other = configMap("other", {});
    const text = { name: "ev", reason: "Made", type: "Normal" };
    const core = object("v1", "Event", {
      ...text,
      message: "it is there",
      involvedObject: { kind: "ConfigMap", namespace: "default", name: "other" },
    });
    const modern = object("events.k8s.io/v1", "Event", {
      ...text,
      note: "it is there",
      regarding: { kind: "ConfigMap", namespace: "default", name: "other" },
    });
    const uid = async (): Promise<unknown> => uidOf(site, path);
    await site.mirror.commit({ s1: { web: [core, other] } });
    site.start();
    await site.settled("web");
    const first = await uid();
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: [modern, other] } });
    await site.settled("web");
    await eventually("the other one is forgotten", () => site.report("web")?.objects === 2);
    expect(await uid()).toBe(first);
    // Back, and to another app by one commit.
    await site.mirror.commit({ s1: { web: [core, other] } });
    await site.settled("web");
    await eventually("it is back", () => site.report("web")?.objects === 2);
    await site.mirror.commit({ s1: { web: [other], second: [modern] } });
    await eventually("it is handed over", () => site.report("web")?.objects === 1);
    await site.settled("second");

    expect(await uid()).toBe(first);
    expect(site.cluster.proxy.count({ method: "DELETE", path: /\/events\// })).toBe(0);
    await site.mirror.commit({ s1: { web: [other], second: leaving(1) } });
    await eventually("it has left", () => site.report("second")?.left);
    expect((await site.cluster.get(path)).status).toBe(404);
  });

  // The model asks no webhooks and has no policies.
  it("AC-07: gets past a webhook that nobody answers for and a policy, both of which the app has dropped", async () => {
    const inside = { matchLabels: { "kubernetes.io/metadata.name": "guarded" } };
    const operations = ["CREATE", "UPDATE"];
    const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations, resources: ["configmaps"] }];
    const api = "admissionregistration.k8s.io/v1";
    const refusing = [
      object(api, "ValidatingWebhookConfiguration", {
        name: "guard",
        namespace: "",
        webhooks: [
          {
            name: "guard.example.org",
            admissionReviewVersions: ["v1"],
            sideEffects: "None",
            failurePolicy: "Fail",
            namespaceSelector: inside,
            clientConfig: { service: { namespace: "guarded", name: "nobody" } },
            rules,
          },
        ],
      }),
      object(api, "ValidatingAdmissionPolicy", {
        name: "small",
        namespace: "",
        spec: {
          matchConstraints: { resourceRules: rules, namespaceSelector: inside },
          validations: [{ expression: "object.data.k == '1'" }],
        },
      }),
      object(api, "ValidatingAdmissionPolicyBinding", {
        name: "small-here",
        namespace: "",
        spec: { policyName: "small", validationActions: ["Deny"] },
      }),
    ];
    const app = (k: string) => [namespaceOf("guarded"), configMap("a", { k }, "guarded")];
    await site.mirror.commit({ s1: { web: [...app("1"), ...refusing] } });
    site.start();
    await site.settled("web");
    const probe = { path: "/api/v1/namespaces/guarded/configmaps" };
    const refused = async (k: string, by: string): Promise<boolean> => {
      const tried = configMap("probe", { k }, "guarded");
      const { body } = await createAs(site, "probe", { ...probe, object: tried });
      return JSON.stringify(body).includes(by);
    };
    // An API server learns of both a moment later.
    await eventually("the webhook refuses", () => refused("1", "guard.example.org"));
    await eventually("the policy refuses", () => refused("2", "small-here"));
    await site.mirror.commit({ s1: { web: [...app("2"), ...refusing] } });
    await told(site, "web", "small-here");

    await site.mirror.commit({ s1: { web: app("2") } });
    await site.settled("web");
    const path = "/api/v1/namespaces/guarded/configmaps/a";
    expect((await site.cluster.get(path)).body).toMatchObject({ data: { k: "2" } });
    await site.mirror.commit({ s1: { web: leaving(2) } });
    await eventually("it has left", () => site.report("web")?.left, 40_000);
  });

  it("AC-07: gets past a webhook that the app has dropped and that refuses the pods of its Deployment", async () => {
    const namespace = "guarded-pods";
    const webhook = object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", {
      name: "guard-pods",
      namespace: "",
      webhooks: [
        {
          name: "pods.example.org",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          failurePolicy: "Fail",
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          clientConfig: { service: { namespace, name: "nobody" } },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["pods"] }],
        },
      ],
    });
    const others = [namespaceOf(namespace), configMap("a", { k: "1" }, namespace)];
    await site.mirror.commit({ s1: { web: [...others, webhook] } });
    site.start();
    await site.settled("web");
    const containers = [{ name: "main", image: "web:1" }];
    const probe = {
      path: `/api/v1/namespaces/${namespace}/pods`,
      object: object("v1", "Pod", { name: "probe", namespace, spec: { containers } }),
    };
    await eventually("the webhook refuses", async () => {
      const { body } = await createAs(site, "probe", probe);
      return JSON.stringify(body).includes("pods.example.org");
    });
    const template = { metadata: { labels: { app: "web" } }, spec: { containers } };
    const spec = { replicas: 1, selector: { matchLabels: { app: "web" } }, template };
    const web = object("apps/v1", "Deployment", { name: "web", namespace, spec });
    // What it still has stays in its way.
    await site.mirror.commit({ s1: { web: [...others, webhook, web] } });
    await told(site, "web", 'failed calling webhook "pods.example.org"');

    await site.mirror.commit({ s1: { web: [...others, web] } });
    await site.settled("web");
    const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/guard-pods";
    expect((await site.cluster.get(path)).status).toBe(404);
    await site.mirror.commit({ s1: { web: leaving(3) } });
    await eventually("it has left", () => site.report("web")?.left, 40_000);
  });

  // The model lets a scope be changed.
  it("AC-05: says that the scope of a definition cannot be changed, and deletes nothing", async () => {
    const text = { group: "scoped.example.org" };
    await site.mirror.commit({ s1: { web: [definition("Thing", text)] } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: [definition("Thing", { ...text, scope: "Cluster" })] } });
    await told(site, "web", "cannot be changed");

    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
    await site.mirror.commit({ s1: { web: leaving(1) } });
    await eventually("it has left", () => site.report("web")?.left, 40_000);
  });

  // The model has no aggregation layer.
  it("AC-07: brings what an aggregated API server serves once that is available, and takes it away before its way is", async () => {
    const group = "far.example.org";
    await using far = await startFarServer(group);
    const name = "far";
    const objects = [
      object(`${group}/v1`, "Widget", { name: "w" }),
      object("apiregistration.k8s.io/v1", "APIService", {
        name: `v1.${group}`,
        namespace: "",
        spec: {
          group,
          version: "v1",
          insecureSkipTLSVerify: true,
          groupPriorityMinimum: 1000,
          versionPriority: 10,
          service: { namespace: "default", name, port: far.proxy.port },
        },
      }),
      object("v1", "Service", { name, spec: { type: "ExternalName", externalName: "localhost" } }),
      configMap("beside", {}),
    ];
    far.proxy.fail({ kind: "status", status: 503 });
    await site.mirror.commit({ s1: { web: objects } });
    site.start();
    await told(site, "web", "Widget default/w waits for");
    expect(site.report("web")?.objects).toBe(4);
    far.proxy.heal();
    const path = "/apis/far.example.org/v1/namespaces/default/widgets/w";
    const isThere = async (): Promise<boolean> => (await site.cluster.get(path)).status === 200;
    await eventually("the widget is there", isThere, 40_000);
    await site.settled("web");

    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: leaving(4) } });
    await eventually("it has left", () => site.report("web")?.left);
    const stored = far.simulator.cluster("far").store;
    const kinds = stored.resources().flatMap((one) => stored.all(one).map(({ kind }) => kind));
    expect(kinds).not.toContain("Widget");
    const deletes = site.cluster.writes().filter((one) => one.startsWith("DELETE"));
    expect(deletes.slice(0, 2)).toEqual([
      `DELETE ${path}`,
      `DELETE /apis/apiregistration.k8s.io/v1/apiservices/v1.${group}`,
    ]);
  });
});

/** An API server of its own, as aggregated ones are: the model, which serves Widgets, behind TLS. */
async function startFarServer(
  group: string,
): Promise<{ simulator: Simulator; proxy: FaultProxy } & AsyncDisposable> {
  const token = "far";
  const simulator = await startSimulator({
    clusters: ["far"],
    ownPorts: ["far"],
    clock: systemClock(),
    token,
  });
  // The aggregation layer sends no token of its own.
  const target = `${simulator.server("far")}/key/${token}`;
  const proxy = await startFaultProxy({ target, tls: await createCertificate() });
  await fetch(`${target}${definitions}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(definition("Widget", { group })),
  });
  return {
    simulator,
    proxy,
    [Symbol.asyncDispose]: async () => {
      await proxy.close();
      await simulator.close();
    },
  };
}
