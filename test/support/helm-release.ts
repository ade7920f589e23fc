/** The real Helm at a cluster, and its releases as it leaves them. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { folderWith } from "./folder.ts";
import { toolFolder } from "./kubectl.ts";
import type { BedCluster } from "./test-bed.ts";

/** Runs helm; gives what it prints, or throws with that. */
export type Helm = (...args: readonly string[]) => Promise<string>;

export async function helmAt(cluster: BedCluster): Promise<Helm> {
  const { server, caData, token } = cluster;
  const folder = folderWith([]);
  const kubeconfig = join(folder, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": caData } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace: "default" } }],
    "current-context": "c",
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  const path = join(await toolFolder(), "helm");
  const env = { HOME: folder, KUBECONFIG: kubeconfig, PATH: "/usr/bin:/bin" };
  return async (...args) => (await promisify(execFile)(path, args, { env })).stdout;
}

/** A chart of these objects, in a new folder. */
export function chartOf(objects: readonly KubeObject[]): string {
  const templates = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  return folderWith([
    { path: "Chart.yaml", text: "apiVersion: v2\nname: web\nversion: 1.0.0\n" },
    { path: "templates/all.yaml", text: templates },
  ]);
}
