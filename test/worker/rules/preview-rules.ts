/** The rule of what is told before: it is what an apply then does, no less and no more. */
import { expect, it } from "vitest";
import type { Json } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { ObjectComparison } from "../../../src/core/protocol/site-diff.ts";
import { type Flat, flatObject, flatten, withoutPath } from "../../support/flat-object.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import { configMaps, createAs, deployments } from "./rule-site.ts";

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

const paths = [`${configMaps}/a`, `${deployments}/web`];
const anyWrite = /\/(configmaps\/a|deployments\/web)\?(?!.*dryRun)/;
const refusal = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Forbidden" };

export function previewRules(site: TestSite): void {
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

  const named = (objects: readonly KubeObject[], { isNamed, manager }: Writer): KubeObject[] => {
    if (isNamed !== true) return [...objects];
    const annotations = { "flotilla.dev/take-over": manager };
    return objects.map((object) => ({ ...object, metadata: { ...object.metadata, annotations } }));
  };

  /** Another value of what another tool has would be a conflict. */
  const wanted = (writer: Writer): KubeObject[] => {
    const isOther = writer.manager === "helm" && writer.isNamed !== true;
    return named(fewer(isOther ? "1" : "2"), writer);
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

  /** What is told while the cluster takes no write, and what becomes of it then. */
  const release = async (objects: readonly KubeObject[]): Promise<Released> => {
    const before = await live();
    site.cluster.proxy.fail(
      { kind: "status", status: 403, body: JSON.stringify(refusal) },
      { method: "PATCH", path: anyWrite },
    );
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: objects } });
    site.start();
    await eventually("it is tried", () => site.cluster.proxy.count({ path: anyWrite }) >= 2);
    const told = (await site.mirror.ask("s1", "web")).apps.flatMap((app) => app.objects);
    expect(await live()).toEqual(before);
    site.cluster.proxy.heal();
    await site.settled("web");
    return { before, told, after: await live() };
  };

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
    expect(staying.map(({ object, reason }) => `${object} ${reason}`)).toEqual(
      notes.filter((note) => note.includes("keeps what")),
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
