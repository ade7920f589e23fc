/** The test control planes themselves. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiAnswer, type ApiClient, createApiClient } from "./api-client.ts";
import { type Kubelet, startKubelet } from "./kubelet.ts";
import { type Cluster, type ControlPlanes, startControlPlanes } from "./start.ts";

const startTimeoutMs = 120_000;
const testTimeoutMs = 60_000;
const viewer = { name: "viewer", token: "viewer-token", groups: ["readers"] };
const applyPatch = "application/apply-patch+yaml";

describe("test control planes", { timeout: testTimeoutMs }, () => {
  let dir: string;
  let planes: ControlPlanes;
  let first: Cluster;
  let second: Cluster;
  let kubelet: Kubelet;
  let api: ApiClient;
  let otherApi: ApiClient;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "control-plane-test-"));
    planes = await startControlPlanes({ clusters: 2, dir, users: [viewer] });
    [first, second] = planes.clusters as [Cluster, Cluster]; // two were asked for
    kubelet = await startKubelet(first);
    api = createApiClient(first);
    otherApi = createApiClient(second);
  }, startTimeoutMs);

  afterAll(async () => {
    await kubelet?.stop();
    for (const client of [api, otherApi]) client?.close();
    await planes?.stopAll();
    await rm(dir, { recursive: true, force: true });
  }, startTimeoutMs);

  it("keeps clusters apart: an object of one is not in the other", async () => {
    await createNamespace(api, "apart");

    const inFirst = await api.request("/api/v1/namespaces/apart");
    const inSecond = await otherApi.request("/api/v1/namespaces/apart");
    expect([inFirst.status, inSecond.status]).toEqual([200, 404]);
    expect(first.caData).not.toBe(second.caData);
  });

  it("writes a kubeconfig with the CA and the administrator's token", async () => {
    const config: unknown = JSON.parse(await readFile(first.kubeconfigPath, "utf8"));

    expect(config).toMatchObject({
      clusters: [{ cluster: { server: first.server, "certificate-authority-data": first.caData } }],
      users: [{ user: { token: first.token } }],
      "current-context": "c1",
    });
  });

  it("knows static users and lets them do what RBAC says", async () => {
    const viewerApi = createApiClient({ ...first, token: viewer.token });
    const strangerApi = createApiClient({ ...first, token: "unknown" });
    await api.request("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      method: "POST",
      body: {
        metadata: { name: "readers" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "readers" }],
      },
    });

    const list = (): Promise<ApiAnswer> => viewerApi.request("/api/v1/namespaces/default/pods");
    await waitFor(async () => (await list()).status === 200);
    const created = await createNamespace(viewerApi, "not-allowed");
    const asStranger = await strangerApi.request("/api/v1/namespaces");
    expect([created.status, asStranger.status]).toEqual([403, 401]);
    viewerApi.close();
    strangerApi.close();
  });

  it("makes a Deployment available when its pods become ready", async () => {
    await createNamespace(api, "ready");
    await createDeployment(api, "ready");

    await waitFor(async () => (await conditionOf(api, "ready", "Available")) === "True");
    const [pod] = await podsOf(api, "ready");
    expect(pod?.status).toMatchObject({
      phase: "Running",
      containerStatuses: [{ ready: true, restartCount: 0 }],
    });
  });

  it("leaves a Deployment progressing while its pods stall, until the script changes", async () => {
    kubelet.setScript([{ match: { namespace: "stalled" }, outcome: "stalled" }]);
    await createNamespace(api, "stalled");
    await createDeployment(api, "stalled");
    await waitForReason(api, "stalled", "ContainerCreating");
    expect(await conditionOf(api, "stalled", "Available")).toBe("False");
    expect(await conditionOf(api, "stalled", "Progressing")).toBe("True");

    kubelet.setScript([]);

    await waitFor(async () => (await conditionOf(api, "stalled", "Available")) === "True");
  });

  it.each([
    { outcome: "crashing", reason: "CrashLoopBackOff", lastReason: "Error" },
    { outcome: "out-of-memory", reason: "CrashLoopBackOff", lastReason: "OOMKilled" },
    { outcome: "image", reason: "ImagePullBackOff", lastReason: undefined },
  ] as const)("shows why pods are $outcome", async ({ outcome, reason, lastReason }) => {
    kubelet.setScript([{ match: { namespace: outcome, image: "example" }, outcome }]);
    await createNamespace(api, outcome);
    await createDeployment(api, outcome);

    await waitForReason(api, outcome, reason);
    const [pod] = await podsOf(api, outcome);
    const status = pod?.status?.containerStatuses?.[0];
    expect(status?.lastState?.terminated?.reason).toBe(lastReason);
    expect(await conditionOf(api, outcome, "Available")).toBe("False");
  });

  it("counts the restarts of a crashing pod up", async () => {
    kubelet.setScript([{ match: { namespace: "restarts" }, outcome: "crashing" }]);
    await createNamespace(api, "restarts");
    await createDeployment(api, "restarts");

    const restarts = async (): Promise<number> => {
      const [pod] = await podsOf(api, "restarts");
      return pod?.status?.containerStatuses?.[0]?.restartCount ?? 0;
    };
    await waitFor(async () => (await restarts()) > 0);
    const before = await restarts();
    await waitFor(async () => (await restarts()) > before);
    expect(await conditionOf(api, "restarts", "Available")).toBe("False");
  });

  it("completes a Job and runs a DaemonSet on both nodes", async () => {
    await createNamespace(api, "kinds");
    await api.request("/apis/batch/v1/namespaces/kinds/jobs", {
      method: "POST",
      body: { metadata: { name: "migrate" }, spec: { template: podTemplate("Never") } },
    });
    await api.request("/apis/apps/v1/namespaces/kinds/daemonsets", {
      method: "POST",
      body: {
        metadata: { name: "agent" },
        spec: { selector: { matchLabels: { app: "web" } }, template: podTemplate("Always") },
      },
    });

    const job = "/apis/batch/v1/namespaces/kinds/jobs/migrate";
    await waitFor(async () => (await statusOf(api, job))["succeeded"] === 1);
    const daemonSet = "/apis/apps/v1/namespaces/kinds/daemonsets/agent";
    await waitFor(async () => (await statusOf(api, daemonSet))["numberReady"] === 2);
    expect(await statusOf(api, daemonSet)).toMatchObject({ desiredNumberScheduled: 2 });
  });

  it("deletes a namespace with all that is in it", async () => {
    await createNamespace(api, "doomed");
    await createDeployment(api, "doomed");
    await api.request("/apis/batch/v1/namespaces/doomed/jobs", {
      method: "POST",
      body: { metadata: { name: "job" }, spec: { template: podTemplate("Never") } },
    });
    await waitFor(async () => (await conditionOf(api, "doomed", "Available")) === "True");

    await api.request("/api/v1/namespaces/doomed", { method: "DELETE" });

    const read = (): Promise<ApiAnswer> => api.request("/api/v1/namespaces/doomed");
    await waitFor(async () => (await read()).status === 404);
    expect(await podsOf(api, "doomed")).toEqual([]);
  });

  it("answers 409 and names the other manager when server-side apply conflicts", async () => {
    const path = "/api/v1/namespaces/default/configmaps/settings";
    const apply = (manager: string, colour: string): Promise<ApiAnswer> =>
      api.request(`${path}?fieldManager=${manager}`, {
        method: "PATCH",
        contentType: applyPatch,
        body: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "settings" },
          data: { colour },
        },
      });
    expect((await apply("first-manager", "red")).status).toBe(201);

    const conflict = await apply("second-manager", "blue");

    expect(conflict.status).toBe(409);
    expect(conflict.body["message"]).toContain('conflict with "first-manager"');
  });

  it("refuses connections while stopped and has its data and kubelet when started again", async () => {
    kubelet.setScript([]);
    await createNamespace(api, "kept");

    await first.stop();
    await expect(api.request("/readyz")).rejects.toThrow("ECONNREFUSED");
    await first.start();

    expect((await api.request("/api/v1/namespaces/kept")).status).toBe(200);
    await createDeployment(api, "kept");
    await waitFor(async () => (await conditionOf(api, "kept", "Available")) === "True");
  });

  it("hangs while frozen and answers again when thawed", async () => {
    first.freeze();
    await expect(api.request("/readyz", { timeoutMs: 1_000 })).rejects.toThrow("timeout");

    first.thaw();

    await waitFor(async () => (await api.request("/readyz")).status === 200);
    await createNamespace(api, "thawed");
    await createDeployment(api, "thawed");
    await waitFor(async () => (await conditionOf(api, "thawed", "Available")) === "True");
  });

  it("leaves no process behind, not even a frozen one", async () => {
    first.freeze();
    expect(await processesNaming(dir)).toHaveLength(planes.pids().length);

    await planes.stopAll();

    expect(await processesNaming(dir)).toEqual([]);
  });
  it("leaves no process behind when its owner is killed, not even a frozen one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "control-plane-test-"));
    const main = join(import.meta.dirname, "main.ts");
    const owner = spawn(process.execPath, [main, "--dir", folder], { stdio: "pipe" });
    const [line] = await once(owner.stdout, "data");
    expect(String(line)).toMatch(/^c1 https:\S+ \S+kubeconfig$/m);
    const found = await processesNaming(folder);
    const components = found.filter((process) => process.pid !== owner.pid);
    expect(components).toHaveLength(3);
    for (const { pid } of components) process.kill(pid, "SIGSTOP");

    owner.kill("SIGKILL");

    await waitFor(async () => (await processesNaming(folder)).length === 0);
    await rm(folder, { recursive: true, force: true });
  });
});

interface PodView {
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state?: { readonly waiting?: { readonly reason: string } };
      readonly lastState?: { readonly terminated?: { readonly reason: string } };
    }[];
  };
}

async function waitFor(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + testTimeoutMs / 2;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error("waited in vain");
    await sleep(50);
  }
}

function waitForReason(api: ApiClient, namespace: string, reason: string): Promise<void> {
  return waitFor(async () => {
    const [pod] = await podsOf(api, namespace);
    return pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason === reason;
  });
}

function createNamespace(api: ApiClient, name: string): Promise<ApiAnswer> {
  return api.request("/api/v1/namespaces", { method: "POST", body: { metadata: { name } } });
}

async function createDeployment(api: ApiClient, namespace: string): Promise<void> {
  const answer = await api.request(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
    method: "POST",
    body: {
      metadata: { name: "web" },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "web" } },
        template: podTemplate("Always"),
      },
    },
  });
  expect(answer.status).toBe(201);
}

function podTemplate(restartPolicy: string): object {
  return {
    metadata: { labels: { app: "web" } },
    spec: { restartPolicy, containers: [{ name: "web", image: "registry.example/web:1" }] },
  };
}

async function podsOf(api: ApiClient, namespace: string): Promise<readonly PodView[]> {
  const { body } = await api.request(`/api/v1/namespaces/${namespace}/pods`);
  return body["items"] as PodView[]; // a PodList
}

async function statusOf(api: ApiClient, path: string): Promise<Record<string, unknown>> {
  const { body } = await api.request(path);
  return (body["status"] ?? {}) as Record<string, unknown>;
}

async function conditionOf(
  api: ApiClient,
  namespace: string,
  type: string,
): Promise<string | undefined> {
  const status = await statusOf(api, `/apis/apps/v1/namespaces/${namespace}/deployments/web`);
  const conditions = (status["conditions"] ?? []) as { type: string; status: string }[];
  return conditions.find((condition) => condition.type === type)?.status;
}

/** The processes with `text` in their command line; only where there is a /proc. */
async function processesNaming(text: string): Promise<{ pid: number; command: string }[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const processes = await Promise.all(
    ids.map(async (id) => {
      const command = await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "");
      return { pid: Number(id), command };
    }),
  );
  return processes.filter(({ command }) => command.includes(text));
}
