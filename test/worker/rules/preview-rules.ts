/** The rule of what is told before: it is what an apply then does, no less and no more. */
import { expect, it } from "vitest";
import type { Json } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { ObjectComparison } from "../../../src/core/protocol/site-diff.ts";
import { type Flat, flatObject, flatten, withoutPath } from "../../support/flat-object.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import { applyAs, configMaps, createAs, deployments } from "./rule-site.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

interface Writer {
  readonly what: string;
  readonly manager: string;
  readonly operation: "Update" | "Apply";
  /** Keeps what it has applied in an annotation. */
  readonly isNoting?: true;
  /** Git says that its fields are taken over. */
  readonly isNamed?: true;
}

const writers: readonly Writer[] = [
  { what: "kubectl create", manager: "kubectl-create", operation: "Update" },
  { what: "kubectl edit", manager: "kubectl-edit", operation: "Update" },
  {
    what: "kubectl apply",
    manager: "kubectl-client-side-apply",
    operation: "Update",
    isNoting: true,
  },
  { what: "kubectl apply --server-side", manager: "kubectl", operation: "Apply" },
  { what: "Helm", manager: "helm", operation: "Update" },
  { what: "Helm, server-side", manager: "helm", operation: "Apply" },
  { what: "Helm, taken over", manager: "helm", operation: "Update", isNamed: true },
  {
    what: "Helm, server-side and taken over",
    manager: "helm",
    operation: "Apply",
    isNamed: true,
  },
];

interface Pods {
  template: { spec: { containers: Record<string, unknown>[] } };
}

function workload(containers: (main: Record<string, unknown>) => Record<string, unknown>[]) {
  const web = deployment("web", "web:1") as KubeObject & { spec: Pods };
  const pods = web.spec.template.spec;
  const resources = { requests: { cpu: "1", memory: "64Mi" } };
  pods.containers = containers({ ...pods.containers[0], resources });
  return web;
}

/** All that there ever was, and what is left of it in Git. */
const full = [
  configMap("a", { k: "1", old: "1", same: "1" }),
  workload((main) => [
    {
      ...main,
      env: [
        { name: "KEPT", value: "1" },
        { name: "OLD", value: "1" },
      ],
      ports: [{ containerPort: 80 }, { containerPort: 81 }],
      imagePullPolicy: "Always",
    },
    { name: "sidecar", image: "sidecar:1", ports: [{ containerPort: 82 }] },
  ]),
];
/** `value`: of what stays. */
const fewer = (value: string) => [
  configMap("a", { k: value, same: "1", fresh: "1" }),
  workload((main) => [{ ...main, env: [{ name: "KEPT", value }], ports: [{ containerPort: 80 }] }]),
];
/** The live objects before and after a release, and what was told of it before. */
interface Released {
  readonly before: readonly Flat[];
  readonly told: readonly ObjectComparison[];
  readonly after: readonly Flat[];
}

const sidecar = '.spec.template.spec.containers[name="sidecar"]';
const paths = [`${configMaps}/a`, `${deployments}/web`];
const anyWrite = /\/(configmaps\/a|deployments\/web)\?(?!.*dryRun)/;
const refusal = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Forbidden" };

const earlier = '"resourceVersion":"1"';

/** What the cases do at a site. */
interface Releases {
  readonly write: (writer: Writer) => Promise<void>;
  /** The app has these, and no worker runs any more. */
  readonly stand: (objects: readonly KubeObject[]) => Promise<void>;
  /** The app is orphaned, and no worker runs any more. */
  readonly leave: () => Promise<void>;
  /** What is told while the cluster takes no write, and what becomes of it then. */
  readonly release: (objects: readonly KubeObject[]) => Promise<Released>;
}

function releasesAt(site: TestSite): Releases {
  const live = async (): Promise<readonly Flat[]> =>
    Promise.all(paths.map(async (path) => flatObject((await site.cluster.get(path)).body)));

  /** As the writer leaves it, of the full objects and with a key of its own. */
  const write = async ({ manager, operation, isNoting }: Writer): Promise<void> => {
    for (const [at, object] of full.entries()) {
      const note = { [lastApplied]: `${JSON.stringify(object)}\n` };
      const metadata = { ...object.metadata, ...(isNoting && { annotations: note }) };
      const data = object.kind === "ConfigMap" && {
        data: { ...(object["data"] as object), own: "1" }, // of a ConfigMap
      };
      const body = { ...object, metadata, ...data };
      const path = paths[at] ?? "";
      if (operation === "Apply") {
        const by = `${path}?fieldManager=${manager}&force=true`;
        const contentType = "application/apply-patch+yaml";
        const answer = await site.cluster.api.request(by, { method: "PATCH", body, contentType });
        expect([200, 201]).toContain(answer.status);
      } else if ((await site.cluster.get(path)).status === 404) {
        const { status } = await createAs(site, manager, {
          path: path.slice(0, path.lastIndexOf("/")),
          object: body,
        });
        expect(status).toBe(201);
      } else {
        // Only what it changes becomes a writer's own.
        const by = `${path}?fieldManager=${manager}`;
        const before = (await site.cluster.get(path)).body;
        const { status } = await site.cluster.put(by, without(before as KubeObject));
        expect(status).toBe(200);
        expect((await site.cluster.put(by, body)).status).toBe(200);
      }
    }
  };

  const stand = async (objects: readonly KubeObject[]): Promise<void> => {
    await site.mirror.commit({ s1: { web: objects } });
    site.start();
    await site.settled("web");
    await site.stop();
  };

  const leave = async (): Promise<void> => {
    site.start();
    await site.mirror.commit({ s1: { web: { verb: "orphan", release: "r2", expected: 2 } } });
    await eventually("it has left", () => site.report("web")?.left);
    await site.stop();
  };

  const release = async (objects: readonly KubeObject[]): Promise<Released> => {
    const before = await live();
    site.cluster.proxy.fail(
      { kind: "status", status: 403, body: JSON.stringify(refusal) },
      { method: "PATCH", path: anyWrite },
    );
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: objects } });
    site.start();
    await eventually("it is tried", () => site.cluster.proxy.count({ path: anyWrite }) > 0);
    const told = (await site.mirror.ask("s1", "web")).apps.flatMap((app) => app.objects);
    expect(await live()).toEqual(before);
    site.cluster.proxy.heal();
    await site.settled("web");
    return { before, told, after: await live() };
  };

  return { write, stand, leave, release };
}

function named(objects: readonly KubeObject[], { isNamed, manager }: Writer): KubeObject[] {
  if (isNamed !== true) return [...objects];
  const annotations = { "flotilla.dev/take-over": manager };
  return objects.map((object) => ({ ...object, metadata: { ...object.metadata, annotations } }));
}

/** Another value of what another tool has would be a conflict. */
function wanted(writer: Writer): KubeObject[] {
  const isOther = writer.manager === "helm" && writer.isNamed !== true;
  return named(fewer(isOther ? "1" : "2"), writer);
}

/** On the model and on real API servers. */
export function previewRules(site: TestSite): void {
  const { write, stand, leave, release } = releasesAt(site);
  /** What was there before the release, and whose it was. */
  const histories: Readonly<Record<string, (writer: Writer) => Promise<void>>> = {
    "an object that the app has not had": write,
    "what a release drops, of an object that stood there before the app": async (writer) => {
      await write(writer);
      await stand(named(full, writer));
    },
    "what a release drops and somebody has set meanwhile": async (writer) => {
      await stand(named(full, writer));
      await write(writer);
    },
    "an object that the app has had and left": async (writer) => {
      await write(writer);
      await stand(named(full, writer));
      await leave();
    },
  };
  const cases = Object.keys(histories).flatMap((history) =>
    writers.map((writer) => ({ history, ...writer })),
  );

  it.each(cases)("AC-02: tells before what becomes of $history, by $what", async (one) => {
    await histories[one.history]?.(one);
    const { before, told, after } = await release(wanted(one));

    expect(after).not.toEqual(before);
    expect(before.map((flat, at) => afterwards(flat, comparisonOf(told, at)))).toEqual(after);
    expect(told.map(({ omitted, state }) => [omitted, state])).toEqual(
      told.map(({ fields }) => [0, fields.length > 0 ? "differs" : "same"]),
    );
    const staying = told.filter(({ reason, adopts }) => reason !== "" && !adopts);
    const notes = site.report("web")?.message.split("; ") ?? [];
    expect(staying.map(({ object, reason }) => `${object} ${reason}`).toSorted()).toEqual(
      notes.filter((note) => note.includes("keeps what")).toSorted(),
    );
    const met = comparisonOf(told, 0);
    for (const path of met?.adopts === true ? [".data.old", ".data.own"] : []) {
      expect([path, met?.reason.includes(path)]).toEqual([path, path in (after[0] ?? {})]);
    }
  });

  // Of the one it is taken over, of the other removed beside the apply.
  it.each(cases.filter(({ what }) => ["kubectl create", "kubectl apply"].includes(what)))(
    "AC-02: tells before what becomes of $history, written while it is looked at, by $what",
    async (one) => {
      await histories[one.history]?.(one);
      // As if its status were written between two requests.
      const body = (text: string) => text.replace(/"resourceVersion":"\d+"/, earlier);
      const path = /\?fieldManager=flotilla%2Fweb.*dryRun/;
      site.cluster.proxy.fail({ kind: "replace", body }, { method: "PATCH", path });
      const { before, told, after } = await release(wanted(one));

      expect(after).not.toEqual(before);
      expect(before.map((flat, at) => afterwards(flat, comparisonOf(told, at)))).toEqual(after);
    },
  );
}

/** On real API servers alone: the model lets probes of defaults stand, and its controllers set revisions in no name. */
export function realPreviewRules(site: TestSite): void {
  const { write, stand, leave, release } = releasesAt(site);

  const probing = [
    { what: "kubectl create", manager: "kubectl-create", operation: "Update", isKnown: true },
    { what: "kubectl apply", manager: "kubectl", operation: "Apply", isKnown: false },
  ] as const;

  it.each(probing)(
    "AC-02: tells before what goes with a probe of which $what has a part",
    async (one) => {
      const livenessProbe = { httpGet: { path: "/", port: 80 }, periodSeconds: 7 };
      const cfg = configMap("a", { k: "1" });
      const web = workload((main) => [{ ...main, livenessProbe }]);
      for (const [path, object] of [
        [configMaps, cfg],
        [deployments, web],
      ] as const) {
        const at = `${path}/${object.metadata.name}`;
        if (one.operation === "Apply") await applyAs(site, one.manager, { path: at, object });
        else await createAs(site, one.manager, { path, object });
      }
      if (one.isKnown) await stand([cfg, web]);
      const { before, told, after } = await release([cfg, workload((main) => [main])]);

      expect(before.map((flat, at) => afterwards(flat, comparisonOf(told, at)))).toEqual(after);
      const probe = '.spec.template.spec.containers[name="main"].livenessProbe';
      const fields = told.flatMap((each) => each.fields.map(({ field }) => field));
      expect(fields.filter((field) => !field.startsWith(".metadata"))).toEqual([probe]);
      expect(Object.keys(after[1] ?? {}).filter((path) => path.startsWith(probe))).toEqual([]);
    },
  );

  it("AC-02: tells before what stays of what another tool made, and no default that it got then", async () => {
    await write({ what: "Helm", manager: "helm", operation: "Update" });
    const [cfg = configMap("a", {}), web = cfg] = full;
    const { containers } = (web as typeof web & { spec: Pods }).spec.template.spec;
    const { told, after } = await release([cfg, workload(() => containers.slice(0, 1))]);

    expect(told.map(({ object, reason }) => [object, reason])).toEqual([
      ["ConfigMap default/a", "keeps what is not in Git: manager helm owns .data.own"],
      ["Deployment default/web", `keeps what is not in Git: manager helm owns ${sidecar}`],
    ]);
    expect(after[1]).toMatchObject({ [`${sidecar}.image`]: "sidecar:1" });
  });

  it("AC-02: tells before what stays of an object that the app alone has had and left: what Git dropped meanwhile", async () => {
    await stand(full);
    await leave();
    const { before, told, after } = await release(fewer("2"));

    expect(before.map((flat, at) => afterwards(flat, comparisonOf(told, at)))).toEqual(after);
    expect(after[0]).toMatchObject({ ".data.old": "1" });
    const main = '.spec.template.spec.containers[name="main"]';
    const items = [`${main}.env[name="OLD"]`, `${main}.ports[containerPort=81,protocol="TCP"]`];
    const nobodys = [".data.old", [...items, sidecar].join(", ")];
    expect(told.map(({ adopts, reason }) => [adopts, reason])).toEqual(
      nobodys.map((names) => [true, `keeps what is not in Git: nobody owns ${names}`]),
    );
  });
}

function comparisonOf(told: readonly ObjectComparison[], at: number): ObjectComparison | undefined {
  const name = ["ConfigMap default/a", "Deployment default/web"][at];
  return told.find(({ object }) => object === name);
}

/** A patch that changes what a writer then sets, and is taken. */
function without({ kind }: KubeObject): object {
  if (kind === "ConfigMap") return { data: { old: null } };
  const main = { name: "main", image: "other" };
  return { spec: { template: { spec: { containers: [main] } } } };
}

/** An object as it is when all that was told of it has come. */
function afterwards(before: Flat, told: ObjectComparison | undefined): Flat {
  let flat = before;
  for (const { field, desired } of told?.fields ?? []) {
    const value = desired === null ? {} : flatten(JSON.parse(desired) as Json, field); // as told
    flat = { ...withoutPath(flat, field), ...value };
  }
  return flat;
}
