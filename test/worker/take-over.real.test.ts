/** Running apps change hands, at a real API server: from kubectl, Argo CD, Flux and Helm, each as it leaves its objects. */
import { describe, expect, it } from "vitest";
import { managedEntries } from "../../src/core/apply/compare-fields.ts";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { chartOf, helmAt } from "../support/helm-release.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually } from "../support/kube-worker.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const collections: Readonly<Record<string, string>> = {
  ConfigMap: "/api/v1/namespaces/default/configmaps",
  Deployment: "/apis/apps/v1/namespaces/default/deployments",
};
const pathOf = (object: KubeObject): string =>
  `${collections[object.kind] ?? ""}/${object.metadata.name}`;

/** The app as its manifests have it. */
const manifests = [configMap("cfg", { k: "1" }), deployment("web", "w:1")];

interface Marks {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function marked(object: KubeObject, { labels = {}, annotations = {} }: Marks): KubeObject {
  const { metadata } = object;
  const before = (metadata["annotations"] ?? {}) as Record<string, string>; // of texts
  const all = { ...before, ...annotations };
  return { ...object, metadata: { ...metadata, labels, annotations: all } };
}

/** As client-side apply sends it: with the whole object in an annotation. */
function withLastApplied(object: KubeObject): KubeObject {
  return marked(object, {
    labels: (object.metadata["labels"] ?? {}) as Record<string, string>, // of texts
    annotations: { [lastApplied]: `${JSON.stringify(object)}\n` },
  });
}

interface Tool {
  readonly name: string;
  readonly manager: string;
  /** How it writes: POST or PATCH of what it has read, or server-side apply. */
  readonly way: "Update" | "Apply";
  /** It is Helm, or has Helm inside, which has installed a release and upgraded it. */
  readonly isHelm?: boolean;
  readonly marks: Marks;
  readonly takeOver: Marks;
}

const argoMarks: Marks = {
  labels: { "app.kubernetes.io/instance": "web" },
  annotations: { "argocd.argoproj.io/tracking-id": "web:apps/Deployment:default/web" },
};
const takeOverFrom = (manager: string): Marks => ({
  annotations: { "flotilla.dev/take-over": manager },
});
const tools: readonly Tool[] = [
  {
    name: "kubectl apply",
    manager: "kubectl-client-side-apply",
    way: "Update",
    marks: {},
    takeOver: {},
  },
  {
    name: "kubectl apply --server-side",
    manager: "kubectl",
    way: "Apply",
    marks: {},
    takeOver: {},
  },
  {
    name: "Argo CD",
    manager: "argocd-controller",
    way: "Update",
    marks: argoMarks,
    takeOver: takeOverFrom("argocd-controller"),
  },
  {
    name: "Argo CD with ServerSideApply",
    manager: "argocd-controller",
    way: "Apply",
    marks: argoMarks,
    takeOver: takeOverFrom("argocd-controller"),
  },
  {
    name: "Flux",
    manager: "kustomize-controller",
    way: "Apply",
    marks: {
      labels: {
        "kustomize.toolkit.fluxcd.io/name": "web",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
      },
    },
    takeOver: takeOverFrom("kustomize-controller"),
  },
  ...(["Update", "Apply"] as const).flatMap((way): Tool[] => [
    {
      name: `Helm by ${way}`,
      manager: "helm",
      way,
      isHelm: true,
      marks: {},
      takeOver: takeOverFrom("helm"),
    },
    {
      name: `a HelmRelease of Flux by ${way}`,
      manager: "helm-controller",
      way,
      isHelm: true,
      marks: {
        labels: {
          "helm.toolkit.fluxcd.io/name": "web",
          "helm.toolkit.fluxcd.io/namespace": "flux-system",
        },
      },
      takeOver: takeOverFrom("helm-controller"),
    },
  ]),
];

describe("an app that another tool runs", { timeout: 60_000 }, () => {
  const site = useTestSite();

  const write = async ({ manager, way }: Tool, object: KubeObject): Promise<void> => {
    const query = `?fieldManager=${manager}`;
    const { status } =
      way === "Update"
        ? await site.cluster.api.request(`${collections[object.kind] ?? ""}${query}`, {
            method: "POST",
            body: withLastApplied(object),
          })
        : await site.cluster.api.request(`${pathOf(object)}${query}&force=true`, {
            method: "PATCH",
            body: object,
            contentType: "application/apply-patch+yaml",
          });
    expect(status).toBe(201);
  };
  const read = async (object: KubeObject): Promise<KubeObject> =>
    (await site.cluster.get(pathOf(object))).body as unknown as KubeObject; // what the server has
  const podNames = async (): Promise<unknown> => {
    const { body } = await site.cluster.get(
      "/api/v1/namespaces/default/pods?labelSelector=app=web",
    );
    const items = body["items"] as readonly KubeObject[]; // a list
    return items.map(({ metadata }) => [metadata.name, metadata["uid"]]);
  };
  const release = async ({ way }: Tool, objects: readonly KubeObject[]): Promise<void> => {
    const helm = await helmAt(site.cluster.cluster);
    const serverSide = `--server-side=${way === "Apply"}`;
    await helm("install", "web", chartOf([configMap("cfg", { k: "0" })]), serverSide);
    await helm("upgrade", "web", chartOf(objects), serverSide);
  };
  /** What differs where Helm runs inside another program is the name, which that sets. */
  const renameHelm = async (object: KubeObject, manager: string): Promise<void> => {
    const entries = (await read(object)).metadata["managedFields"] as { manager: string }[]; // a list
    const managedFields = entries.map((entry) =>
      entry.manager === "helm" ? { ...entry, manager } : entry,
    );
    await site.cluster.put(pathOf(object), { metadata: { managedFields } });
  };
  /** Everything of the app as the tool leaves it, running, with one field that Git will not have. */
  const startWith = async (tool: Tool): Promise<void> => {
    const old = [configMap("cfg", { k: "1", old: "x" }), ...manifests.slice(1)];
    const objects = old.map((object) => marked(object, tool.marks));
    if (tool.isHelm === true) {
      await release(tool, objects);
      for (const object of objects) await renameHelm(object, tool.manager);
    } else {
      for (const object of objects) await write(tool, object);
    }
    await eventually("it runs", async () => {
      const status = (await read(deployment("web", ""))) as { readonly status?: unknown };
      return JSON.stringify(status.status ?? {}).includes('"readyReplicas":1');
    });
  };

  const releases = "/api/v1/namespaces/default/secrets?labelSelector=owner=helm,name=web";

  it.each(tools)("is taken over from $name without a delete or a restart", async (tool) => {
    await startWith(tool);
    const [before, pods] = [await Promise.all(manifests.map(read)), await podNames()];
    const records = (await site.cluster.get(releases)).body["items"];
    expect(records).toHaveLength(tool.isHelm === true ? 2 : 0);
    for (const live of before) {
      const { manager, way: operation } = tool;
      expect(managedEntries(live)).toContainEqual(expect.objectContaining({ manager, operation }));
    }
    site.cluster.proxy.forget();
    const wanted = manifests.map((object) => marked(object, tool.takeOver));
    await site.mirror.commit({ s1: { web: wanted } });
    site.start();
    await site.settled("web");

    const after = await Promise.all(manifests.map(read));
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
    expect(await podNames()).toEqual(pods);
    for (const [index, live] of after.entries()) {
      expect(live.metadata["uid"]).toBe(before[index]?.metadata["uid"]);
      expect(live["spec"]).toEqual(before[index]?.["spec"]);
      const managers = managedEntries(live).map(({ manager }) => manager);
      expect(managers).toContain("flotilla/web");
      expect(managers).not.toContain(tool.manager);
      expect(live.metadata["labels"]).toEqual({ "flotilla.dev/app": "web" });
      const marks = Object.keys(live.metadata["annotations"] ?? {});
      expect(marks).toContain("flotilla.dev/owner");
      expect(
        marks.filter((name) => name === lastApplied || /argoproj|helm\.sh/.test(name)),
      ).toEqual([]);
    }
    expect(after[0]?.["data"]).toEqual({ k: "1" });
    expect((await site.cluster.get(releases)).body["items"]).toEqual(records);
    expect((await site.mirror.ask("s1")).apps).toEqual([{ app: "web", compared: 2, objects: [] }]);
  });

  it("is forgotten by Helm with its records, which then neither uninstalls it nor takes it back", async () => {
    const tool = tools.find(({ isHelm }) => isHelm === true) as Tool; // there is one
    await startWith(tool);
    await site.mirror.commit({ s1: { web: manifests.map((one) => marked(one, tool.takeOver)) } });
    site.start();
    await site.settled("web");
    const before = await Promise.all(manifests.map(read));
    const helm = await helmAt(site.cluster.cluster);
    expect(await helm("list", "--short")).toBe("web\n");

    await site.cluster.remove(releases);
    expect(await helm("list", "--short")).toBe("");
    await expect(helm("uninstall", "web")).rejects.toThrow("not found");
    await expect(helm("upgrade", "--install", "web", chartOf(manifests))).rejects.toThrow(
      "invalid ownership metadata",
    );
    expect(await Promise.all(manifests.map(read))).toEqual(before);
  });

  it("is left alone whole where one field is in the way, and it is told what would be taken, what would go, and from whom", async () => {
    const object = configMap("cfg", { k: "1", gone: "x" });
    const byKubectl = { ...tools[0], manager: "kubectl-client-side-apply" } as Tool; // the first of them
    await write(byKubectl, object);
    await site.cluster.api.request(`${pathOf(object)}?fieldManager=other-tool`, {
      method: "PATCH",
      body: configMap("cfg", { theirs: "t" }),
      contentType: "application/apply-patch+yaml",
    });
    const before = await read(object);
    await site.mirror.commit({ s1: { web: [configMap("cfg", { k: "2", theirs: "ours" })] } });
    site.start();
    await eventually("it is told", () => site.report("web")?.message.includes("other-tool"));
    const [told] = (await site.mirror.ask("s1")).apps.flatMap(({ objects }) => objects);

    expect(told).toMatchObject({ state: "conflict", adopts: true });
    const kubectl = byKubectl.manager;
    expect(told?.claims).toEqual([
      { field: ".data.gone", manager: kubectl, verdict: "removed" },
      { field: ".data.k", manager: kubectl, verdict: "taken" },
      { field: ".data.theirs", manager: "other-tool", verdict: "conflict" },
      { field: `.metadata.annotations.${lastApplied}`, manager: kubectl, verdict: "removed" },
    ]);
    expect(told?.fields.filter(({ field }) => field.startsWith(".data"))).toEqual([
      { field: ".data.k", live: '"1"', desired: '"2"', hidden: false, managers: [kubectl] },
      {
        field: ".data.theirs",
        live: '"t"',
        desired: '"ours"',
        hidden: false,
        managers: ["other-tool"],
      },
      { field: ".data.gone", live: '"x"', desired: null, hidden: false, managers: [kubectl] },
    ]);
    expect(await read(object)).toEqual(before);
  });
});
