/** The rules of comparing: what is a difference, whose it is, and what nobody may read in it. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { parseExactly } from "../../../src/core/model/exact-integers.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { AppPolicy } from "../../../src/core/protocol/mirror-layout.ts";
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
  object,
  sent,
  stands,
  told,
  metadataOf,
} from "./rule-site.ts";

const driftIntervalMs = 400;

export function driftRules(site: TestSite): void {
  it("AC-19: takes equal values, defaults and what others add for no difference", async () => {
    const labels = { app: "equal" };
    const objects: KubeObject[] = [
      deployment("equal", "web:1"), // cpu 1000m is kept as 1
      object("v1", "Service", { name: "equal", spec: { selector: labels, ports: [{ port: 80 }] } }),
      object("v1", "Secret", { name: "equal", stringData: { key: "text" } }),
    ];
    await site.mirror.commit({ s1: { web: objects } }, { driftIntervalMs });
    site.start();
    await site.settled("web");
    // So that they are compared: an object of the version that was written is equal by that.
    const annotations = { note: "theirs" };
    for (const path of [`${deployments}/equal`, "/api/v1/namespaces/default/services/equal"]) {
      await site.cluster.put(path, { metadata: { annotations } });
    }
    await site.cluster.put("/api/v1/namespaces/default/secrets/equal", {
      metadata: { annotations },
    });
    site.cluster.proxy.forget();
    await sleep(4 * driftIntervalMs);
    expect(site.cluster.writes()).toEqual([]);
    expect(site.report("web")).toMatchObject({ sync: "Synced", message: "" });
    expect((await site.mirror.ask("s1", "web")).apps[0]?.objects).toEqual([]);
    await site.cluster.remove("/api/v1/namespaces/default/services/equal");
  });

  it("AC-19: #2521: takes a definition with an empty status, which the API server fills, for no difference", async () => {
    const group = "filled.example.org";
    // As generators of definitions wrote them.
    const status = { acceptedNames: { kind: "", plural: "" }, conditions: [], storedVersions: [] };
    const define: KubeObject = { ...definition("Widget", { group }), status };
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`;
    await site.mirror.commit({ s1: { web: [define] } }, { driftIntervalMs });
    site.start();
    await site.settled("web");
    // So that it is compared: an object of the version that was written is equal by that.
    await site.cluster.put(path, { metadata: { annotations: { note: "theirs" } } });
    site.cluster.proxy.forget();
    await sleep(4 * driftIntervalMs);

    expect(site.cluster.writes()).toEqual([]);
    expect(site.report("web")).toMatchObject({ sync: "Synced", message: "" });
    expect((await site.mirror.ask("s1", "web")).apps[0]?.objects).toEqual([]);
    await site.stop();
    await site.cluster.remove(path);
  });

  it("AC-19: takes what others put into a map that is empty in Git for no difference, each time, and mends one that is set as a whole", async () => {
    const group = "empty.example.org";
    const widget = object(`${group}/v1`, "Widget", { name: "w", spec: { size: 1, options: {} } });
    const define = definition("Widget", { group });
    const objects = [
      define,
      widget,
      object("v1", "ConfigMap", { name: "a", data: {} }),
      withEmptyMaps("web"),
    ];
    await site.mirror.commit({ s1: { web: objects } }, { driftIntervalMs });
    site.start();
    await site.settled("web");
    const widgets = `/apis/${group}/v1/namespaces/default/widgets/w`;
    const pods = (spec: object) => ({ spec: { template: spec } });
    site.cluster.proxy.forget();
    for (const round of ["1", "2"]) {
      const theirs = { theirs: round };
      await site.cluster.put(`${configMaps}/a`, { data: theirs });
      await site.cluster.put(widgets, { spec: { options: theirs } });
      await site.cluster.put(`${deployments}/web`, pods({ metadata: { annotations: theirs } }));
      await site.cluster.put(
        `${deployments}/web`,
        pods({ spec: { securityContext: { runAsUser: Number(round) } } }),
      );
      await sleep(3 * driftIntervalMs);
    }
    await site.cluster.put(`${configMaps}/a`, { data: null });
    await sleep(3 * driftIntervalMs);
    expect(site.cluster.writes()).toEqual([]);
    expect(site.report("web")).toMatchObject({ sync: "Synced", message: "" });
    expect((await site.mirror.ask("s1", "web")).apps[0]?.objects).toEqual([]);

    // Somebody has such a map as a whole, or not at all.
    await site.cluster.put(
      `${deployments}/web?fieldManager=kubectl-edit`,
      pods({ spec: { nodeSelector: { disk: "ssd" } } }),
    );
    const podSpec = async () => {
      const { body } = await site.cluster.get(`${deployments}/web`);
      return (body["spec"] as { template: { spec: JsonObject } }).template.spec; // of a Deployment
    };
    await eventually("it is mended", async () => !("nodeSelector" in (await podSpec())));
    expect((await podSpec())["securityContext"]).toEqual({ runAsUser: 2 });
    await site.stop();
    await site.cluster.remove(`${definitions}/widgets.${group}`);
  });

  it("AC-20: leaves to others what they may change, in writing as in comparing", async () => {
    const web: AppPolicy = {
      drift: "correct",
      ignored: [{ kind: "Deployment", fields: [".spec.replicas"] }],
    };
    const policies = { web };
    const options = { driftIntervalMs, policies };
    const replicas = async (): Promise<unknown> => {
      const { body } = await site.cluster.get(`${deployments}/web`);
      return (body["spec"] as { replicas?: unknown }).replicas; // of a Deployment
    };
    await site.mirror.commit({ s1: { web: [deployment("web", "web:1")] } }, options);
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.cluster.put(`${deployments}/web/scale`, { spec: { replicas: 3 } });
    await sleep(3 * driftIntervalMs);
    expect(site.cluster.writes()).toEqual([]);
    await site.mirror.commit({ s1: { web: [deployment("web", "web:2")] } }, options);
    await site.settled("web");
    expect(await replicas()).toBe(3);
  });

  it("AC-20: sends an integer beyond 2^53 that is left to others with all its digits", async () => {
    const group = "exact.example.org";
    const path = `/apis/${group}/v1/namespaces/default/widgets/w`;
    const ignored = [{ kind: "Widget", fields: [".spec.serial"], managers: ["counter"] }];
    const options = { driftIntervalMs, policies: { web: { drift: "correct", ignored } as const } };
    const spec = { serial: 1, steps: [1] };
    const web = (size: number) => {
      const widget = object(`${group}/v1`, "Widget", { name: "w", spec: { ...spec, size } });
      return { s1: { web: [definition("Widget", { group }), widget] } };
    };
    await site.mirror.commit(web(1), options);
    site.start();
    await site.settled("web");
    const theirs = `{"serial":9007199254740993,"steps":[-9223372036854775807]}`;
    const counted = parseExactly(`{"spec":${theirs}}`) as JsonObject; // of an object
    await site.cluster.put(`${path}?fieldManager=counter`, counted);
    await sleep(3 * driftIntervalMs);
    await site.mirror.commit(web(2), options);
    await site.settled("web");

    // An answer that is read here would lose what is to be seen.
    const test = parseExactly(
      `[{"op":"test","path":"/spec","value":${theirs.replace("}", ',"size":2}')}}]`,
    );
    const patch = { method: "PATCH", contentType: "application/json-patch+json", body: test };
    expect((await site.cluster.api.request(path, patch)).status).toBe(200);
    const [widget] = (await site.mirror.ask("s1", "web")).apps[0]?.objects ?? [];
    expect(widget).toMatchObject({ state: "same", fields: [] });
    await site.stop();
    await site.cluster.remove(`${definitions}/widgets.${group}`);
  });

  it("AC-21: tells what has drifted after a restart, too, before it has looked, until a look finds it gone", async () => {
    const web: AppPolicy = { drift: "report", ignored: [] };
    const policies = { web };
    await site.mirror.commit(
      { s1: { web: [configMap("a", { k: "1" })] } },
      { driftIntervalMs, policies },
    );
    const startHung = async () => {
      await site.stop();
      const before = site.mirror.reports.length;
      site.cluster.proxy.fail({ kind: "hang" });
      site.start();
      const ofWeb = () => site.mirror.reports.slice(before).flatMap(({ apps }) => apps);
      return eventually("it is told", () => ofWeb().at(0));
    };
    site.start();
    await site.settled("web");
    await site.cluster.put(`${configMaps}/a?fieldManager=tuner`, { data: { k: "theirs" } });
    await told(site, "web", "1 object has drifted: ConfigMap default/a: .data.k changed by tuner");
    const again = await startHung();
    expect(again.sync).toBe("OutOfSync");
    expect(again.message).toContain(".data.k changed by tuner");

    site.cluster.proxy.heal();
    await site.cluster.put(`${configMaps}/a?fieldManager=tuner`, { data: { k: "1" } });
    await site.settled("web");
    expect(await startHung()).toMatchObject({ sync: "Synced", message: "" });
  });

  it("AC-21: repairs an edit, and names who takes the same field again and again", async () => {
    const web = (k: string) => ({ s1: { web: [configMap("a", { k })] } });
    await site.mirror.commit(web("1"), { driftIntervalMs: 300 });
    site.start();
    await site.settled("web");
    let edits = 0;
    await eventually("the fight is told", async () => {
      if (JSON.stringify(await dataOf(site, "a")) === '{"k":"1"}') {
        edits += 1;
        const path = `${configMaps}/a?fieldManager=tuner`;
        await site.cluster.put(path, { data: { k: "theirs" } });
      }
      return site.report("web")?.message.includes("fights with tuner over .data.k");
    });
    expect(edits).toBeGreaterThan(1);
    // A release ends it.
    await site.mirror.commit(web("2"), { driftIntervalMs: 300 });
    await site.settled("web");
    expect(await dataOf(site, "a")).toEqual({ k: "2" });
  });

  it.each([
    { what: "is under way", fault: { kind: "slow", delayMs: 4000 } as const },
    { what: "is refused", fault: { kind: "status", status: 403 } as const },
  ])(
    "AC-21: repairs nothing out of its order that is edited while what it needs in a new version $what",
    async ({ what, fault }) => {
      const before = { method: "PATCH", path: `${configMaps}/a` };
      const after = { method: "PATCH", path: `${deployments}/web` };
      const web = (k: string) => ({
        s1: { web: [configMap("a", { k }), needingA(`web:${k}`)] },
      });
      await site.mirror.commit(web("1"), { driftIntervalMs });
      site.start();
      await site.settled("web");
      site.cluster.proxy.forget();
      site.cluster.proxy.fail(fault, before);
      await site.mirror.commit(web("2"), { driftIntervalMs });
      await eventually("it has begun", () => site.cluster.proxy.count(before) > 0);
      await site.cluster.put(`${deployments}/web?fieldManager=kubectl-edit`, {
        spec: { template: { metadata: { labels: { edited: "yes" } } }, replicas: 2 },
      });
      await sleep(what === "is refused" ? 4 * driftIntervalMs : 1000);
      expect(site.cluster.proxy.count(after)).toBe(0);

      site.cluster.proxy.heal();
      await site.settled("web");
      const { body } = await site.cluster.get(`${deployments}/web`);
      expect(body["spec"]).toMatchObject({
        replicas: 1,
        template: { spec: { containers: [{ image: "web:2" }] } },
      });
      expect(await dataOf(site, "a")).toEqual({ k: "2" });
    },
  );

  it("AC-21: takes for no fight what controllers write again and again where the app has nothing", async () => {
    const group = "busy.example.org";
    const widget = object(`${group}/v1`, "Widget", { name: "w", spec: { size: 1 } });
    const { replicas: _, ...spec } = deployment("scaled", "web:1")["spec"] as JsonObject;
    const scaled = object("apps/v1", "Deployment", { name: "scaled", spec });
    const define = definition("Widget", { group, hasStatus: true });
    await site.mirror.commit({ s1: { web: [define, widget, scaled] } }, { driftIntervalMs });
    site.start();
    const path = `/apis/${group}/v1/namespaces/default/widgets/w`;
    const busy = async (round: number): Promise<void> => {
      const conditions = [{ type: "Ready", status: "True", reason: "Round", message: `${round}` }];
      await site.cluster.put(`${path}/status`, { status: { round, conditions } });
      await site.cluster.put(`${deployments}/scaled/scale`, {
        spec: { replicas: 2 + (round % 2) },
      });
    };
    await stands(site, path);
    await stands(site, `${deployments}/scaled`);
    await busy(0);
    await site.settled("web");
    site.cluster.proxy.forget();
    for (let round = 1; round <= 20; round += 1) {
      await busy(round);
      await sleep(driftIntervalMs / 2);
    }

    expect(site.cluster.writes()).toEqual([]);
    expect(site.report("web")).toMatchObject({ sync: "Synced", message: "" });
    await site.stop();
    await site.cluster.remove(`${definitions}/widgets.${group}`);
  });

  it("AC-01: takes no field by a release that another tool has meanwhile, though drift of others was told", async () => {
    const policy: AppPolicy = { drift: "report", ignored: [] };
    const options = { driftIntervalMs: 300, policies: { web: policy } };
    const web = (data: Record<string, string>) => ({ s1: { web: [configMap("a", data)] } });
    await site.mirror.commit(web({ k: "1" }), options);
    site.start();
    await site.settled("web");
    const path = `${configMaps}/a`;
    await applyAs(site, "other-tool", { path, object: configMap("a", { j: "theirs" }) });
    await site.cluster.put(`${path}?fieldManager=kubectl-edit`, { data: { k: "edited" } });
    await told(site, "web", ".data.k changed by kubectl-edit");
    site.cluster.proxy.forget();
    await site.mirror.commit(web({ k: "2", j: "ours" }), options);
    const report = await told(site, "web", "other-tool");

    expect(report.message).toContain("ConfigMap default/a at site s1");
    expect(report.message).toContain("manager other-tool owns .data.j");
    expect(await dataOf(site, "a")).toEqual({ j: "theirs", k: "edited" });
    const forced = site.cluster.proxy.requests({ method: "PATCH", path });
    expect(forced.filter(({ query }) => query.includes("force=true"))).toEqual([]);
  });

  it("AC-01: takes no key that another tool has set and that begins with one of the app's and a dot", async () => {
    const web = (data: Record<string, string>) => ({ s1: { web: [configMap("a", data)] } });
    await site.mirror.commit(web({ app: "1" }), { driftIntervalMs });
    site.start();
    await site.settled("web");
    const path = `${configMaps}/a?fieldManager=tuner`;
    await site.cluster.put(path, { data: { "app.yaml": "theirs" } });
    await site.mirror.commit(web({ app: "1", "app.yaml": "ours" }), { driftIntervalMs });
    const report = await told(site, "web", "tuner");

    expect(report.message).toContain("manager tuner owns .data.app.yaml");
    expect(await dataOf(site, "a")).toEqual({ app: "1", "app.yaml": "theirs" });
  });

  it("AC-01: takes no key that another tool has set in a map that was empty in Git", async () => {
    const web = (data: JsonObject) => ({
      s1: { web: [object("v1", "ConfigMap", { name: "a", data })] },
    });
    await site.mirror.commit(web({}), { driftIntervalMs });
    site.start();
    await site.settled("web");
    await site.cluster.put(`${configMaps}/a?fieldManager=tuner`, { data: { k: "theirs" } });
    await site.mirror.commit(web({ k: "ours" }), { driftIntervalMs });
    const report = await told(site, "web", "tuner");

    expect(report.message).toContain("manager tuner owns .data.k");
    expect(await dataOf(site, "a")).toEqual({ k: "theirs" });
  });

  it("AC-20: leaves to others no key that begins with what is left to them and a dot", async () => {
    const ignored = [{ kind: "ConfigMap", fields: [".data.app"] }];
    const policies = { web: { drift: "correct", ignored } as const };
    const data = { app: "1", "app.yaml": "ours" };
    await site.mirror.commit(
      { s1: { web: [configMap("a", data)] } },
      { driftIntervalMs, policies },
    );
    site.start();
    await site.settled("web");
    const theirs = { app: "theirs", "app.yaml": "theirs" };
    await site.cluster.put(`${configMaps}/a?fieldManager=tuner`, { data: theirs });
    await eventually("the other key is repaired", async () => {
      return JSON.stringify(await dataOf(site, "a")).includes('"app.yaml":"ours"');
    });

    expect(await dataOf(site, "a")).toEqual({ app: "theirs", "app.yaml": "ours" });
  });

  it("AC-20: leaves to others the value of a set, in writing as in comparing", async () => {
    const finalizers = ["example.org/a", "example.org/b"];
    const ignored = [{ fields: ['.metadata.finalizers[="example.org/a"]'] }];
    const options = { driftIntervalMs, policies: { web: { drift: "correct", ignored } as const } };
    const web = (k: string) => {
      const made = configMap("a", { k });
      return { s1: { web: [{ ...made, metadata: { ...made.metadata, finalizers } }] } };
    };
    const path = `${configMaps}/a`;
    const left = async () => (await metadataOf(site, path))["finalizers"];
    await site.mirror.commit(web("1"), options);
    site.start();
    await site.settled("web");
    expect(await left()).toEqual(finalizers);
    await site.cluster.put(path, { metadata: { finalizers: ["example.org/b"] } });
    await sleep(3 * driftIntervalMs);
    await site.mirror.commit(web("2"), options);
    await site.settled("web");

    expect(await left()).toEqual(["example.org/b"]);
    await site.cluster.put(path, { metadata: { finalizers: null } });
  });

  it("AC-22: lets no secret value out, neither by a refusal nor by a comparison nor by what kubectl has left", async () => {
    const canary = "canary-4f1d";
    const unknown = "canary-77x"; // in no Secret of the app
    const serving = (...options: string[]): KubeObject => {
      const containers = [{ name: "main", image: "web:1", args: ["serve", ...options] }];
      const labels = { app: "web" };
      const template = { metadata: { labels }, spec: { containers } };
      return { ...deployment("web", ""), spec: { selector: { matchLabels: labels }, template } };
    };
    const encoded = Buffer.from(canary).toString("base64");
    const name = "secret";
    const before = object("v1", "Secret", { name, data: { key: encoded, old: encoded } });
    const annotations = {
      "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(before),
    };
    await createAs(site, "kubectl-client-side-apply", {
      path: "/api/v1/namespaces/default/secrets",
      object: { ...before, metadata: { ...before.metadata, annotations } },
    });
    const other = object("v1", "Secret", { name, data: { theirs: encoded } });
    await applyAs(site, "other-tool", {
      path: `/api/v1/namespaces/default/secrets/${name}`,
      object: other,
    });
    const labels = { key: `${canary}!` }; // no label value
    const refused = { ...before, metadata: { name: "refused", namespace: "default", labels } };
    const mine = Buffer.from(`${canary}-mine`).toString("base64");
    await site.mirror.commit({
      s1: {
        web: [
          object("v1", "Secret", { name, data: { key: mine, theirs: mine } }),
          refused,
          serving(),
        ],
      },
    });
    site.start();
    await told(site, "web", "Secret default/refused");
    await stands(site, `${deployments}/web`);
    const edited = serving(`--db-password=${unknown}`);
    await site.cluster.put(`${deployments}/web?fieldManager=kubectl-edit`, {
      spec: edited["spec"],
    });
    const told1 = JSON.stringify([await site.mirror.ask("s1"), site.mirror.reports]);

    expect(told1).toContain(".data.theirs");
    expect(told1).toContain("--db-password=");
    for (const text of [canary, unknown, encoded, mine]) expect(told1).not.toContain(text);
  });

  it("AC-23: tells what the merge of lists refuses as it is, sends no status, and goes on with the rest", async () => {
    const twice = deployment("twice", "web:1");
    const env = [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ];
    const containers = [{ name: "main", image: "web:1", env }];
    const spec = twice["spec"] as { template: { metadata: object } }; // as above
    const template = { ...spec.template, spec: { containers } };
    const doubled = { ...twice, spec: { ...spec, template } } as KubeObject; // with other containers
    const withStatus = { ...deployment("fine", "web:1"), status: { replicas: 9 } };
    const unknown = { ...configMap("unknown", {}), nonsense: { a: "b" } };
    await site.mirror.commit({ s1: { web: [doubled, unknown, withStatus, configMap("b", {})] } });
    site.start();
    await told(site, "web", "duplicate entries for key");
    await told(site, "web", "field not declared in schema");
    await stands(site, `${configMaps}/b`);
    await stands(site, `${deployments}/fine`);
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
  });
}

/** A Deployment with maps that are empty: of all kinds. */
function withEmptyMaps(name: string): KubeObject {
  const labels = { app: name };
  const containers = [{ name: "main", image: "web:1", resources: {} }];
  const template = {
    metadata: { labels, annotations: {} },
    spec: { containers, nodeSelector: {}, securityContext: {} },
  };
  const spec = { replicas: 1, selector: { matchLabels: labels }, strategy: {}, template };
  return object("apps/v1", "Deployment", { name, spec });
}

/** Deployment `web`, whose container takes its environment from ConfigMap `a`. */
function needingA(image: string): KubeObject {
  const labels = { app: "web" };
  const containers = [{ name: "main", image, envFrom: [{ configMapRef: { name: "a" } }] }];
  const template = { metadata: { labels }, spec: { containers } };
  const spec = { replicas: 1, selector: { matchLabels: labels }, template };
  return object("apps/v1", "Deployment", { name: "web", spec });
}

export function loadRules(site: TestSite): void {
  it("AC-25: waits as long as an API server asks that has too much to do", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    const path = `${configMaps}/a`;
    const headers = { "retry-after": "2" };
    site.cluster.proxy.fail(
      { kind: "status", status: 429, headers },
      { method: "PATCH", path, times: 1 },
    );
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "2" })] } });
    await eventually(
      "it was refused",
      () => site.cluster.proxy.count({ method: "PATCH", path }) > 0,
    );
    site.cluster.proxy.forget();
    await sleep(1700);
    expect(site.cluster.proxy.count({ method: "PATCH", path })).toBe(0);
    await site.settled("web");
    expect(await dataOf(site, "a")).toEqual({ k: "2" });
  });

  it("AC-26: looks over many objects by their label and in pages, not one by one", async () => {
    const objects = Array.from({ length: 510 }, (_, index) => configMap(`n${index}`, {}));
    await site.mirror.commit({ s1: { web: objects } }, { driftIntervalMs: 1000 });
    site.start();
    await eventually("it is applied", () => site.report("web")?.objects === 510, 40_000);
    await site.settled("web");
    site.cluster.proxy.forget();
    const lists = () =>
      site.cluster.proxy
        .requests({ method: "GET", path: configMaps })
        .map(({ query }) => new URLSearchParams(query));
    await eventually("it has looked it over", () => lists().some((query) => query.has("continue")));

    expect(lists().every((query) => query.get("limit") === "500")).toBe(true);
    expect(
      lists().every((query) => query.get("labelSelector") === "flotilla.dev/app in (web)"),
    ).toBe(true);
    expect(sent(site).filter((request) => request.startsWith(`GET ${configMaps}/`))).toEqual([]);
  });
}
