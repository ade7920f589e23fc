/** The real kubectl against a simulated cluster. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { type KubectlResult, kubectl, kubectlPath } from "../support/kubectl.ts";

function manifests(image: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {colour: red}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "${image}"}]}
`;
}

describe("kubectl against the simulator", { timeout: 60_000 }, () => {
  let dir: string;
  let simulator: Simulator;
  let kubeconfig: string;
  const run = (args: readonly string[], input?: string): Promise<KubectlResult> =>
    kubectl(kubeconfig, args, input === undefined ? {} : { input });
  const applyAll = (image: string): Promise<KubectlResult> =>
    run(["apply", "--server-side", "-f", "-"], manifests(image));

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "simulator-kubectl-"));
    simulator = await startSimulator({ clusters: ["c"], clock: systemClock(), token: "secret" });
    kubeconfig = join(dir, "kubeconfig");
    await writeFile(kubeconfig, simulator.kubeconfig("c"));
    await kubectlPath();
    const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    await run(["apply", "-f", "-"], namespace);
  }, 120_000);

  afterAll(async () => {
    await simulator?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it("applies, waits for availability, and sees no difference then", async () => {
    const applied = await applyAll("app:1");
    expect(applied).toMatchObject({
      code: 0,
      stdout: "configmap/settings serverside-applied\ndeployment.apps/web serverside-applied\n",
    });
    const waited = await run(["wait", "-n", "shop", "--for=condition=Available", "deploy/web"]);
    expect(waited.stdout).toBe("deployment.apps/web condition met\n");
    const diff = await run(["diff", "--server-side", "-f", "-"], manifests("app:1"));
    expect(diff).toMatchObject({ code: 0, stdout: "" });
  });

  it("shows a difference with exit code 1, server-side and not", async () => {
    await applyAll("app:1");
    for (const how of [["--server-side"], []]) {
      const diff = await run(["diff", ...how, "-f", "-"], manifests("app:2"));
      expect(diff.code).toBe(1);
      expect(diff.stdout).toContain("-      - image: app:1\n+      - image: app:2\n");
    }
  });

  it("names the other manager in a conflict", async () => {
    await applyAll("app:1");
    const other = ["apply", "--server-side", "--field-manager=other", "-f", "-"];
    const conflict = await run(other, manifests("app:2"));
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('conflict with "kubectl": .spec.template.spec.containers');
  });

  it("refuses unknown fields as a real server does", async () => {
    const wrong = manifests("app:1").replace("replicas: 2", "replicaz: 2");
    const refused = await run(["apply", "-f", "-"], wrong);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('unknown field "spec.replicaz"');
  });

  it("prints tables, and follows changes with get -w", async () => {
    await applyAll("app:1");
    await run(["rollout", "status", "-n", "shop", "deploy/web"]);
    const table = await run(["get", "deploy", "-n", "shop"]);
    expect(table.stdout).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s\n$/,
    );
    const stopping = new AbortController();
    const args = ["get", "configmaps", "-n", "shop", "-w", "-o", "jsonpath={.data.colour},"];
    const watching = kubectl(kubeconfig, args, { signal: stopping.signal });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await run(["patch", "configmap", "-n", "shop", "settings", "-p", '{"data":{"colour":"blue"}}']);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    stopping.abort();
    expect((await watching).stdout).toMatch(/red,(.*,)?blue,/);
  });

  it("deletes and waits until all is gone", async () => {
    await applyAll("app:1");
    const deleted = await run(["delete", "-f", "-", "--wait"], manifests("app:1"));
    expect(deleted).toMatchObject({ code: 0, stderr: "" });
    const left = await run(["get", "deploy,configmap", "-n", "shop", "-o", "name"]);
    expect(left.stdout).toBe("configmap/kube-root-ca.crt\n");
    const namespace = await run(["delete", "namespace", "shop"]);
    expect(namespace.stdout).toBe('namespace "shop" deleted\n');
  });
});
