/** Kubeconfig files for the test clusters. */
import type { ClusterAccess } from "./api-client.ts";

/** A cluster, by which name it goes, and who logs in with the token. */
export interface KubeconfigOptions extends ClusterAccess {
  readonly cluster: string;
  readonly user: string;
}

/** The kubeconfig (as JSON, which is YAML) with one cluster, one user and one context. */
export function kubeconfigText(options: KubeconfigOptions): string {
  const { cluster, user, server, caData, token } = options;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { server, "certificate-authority-data": caData } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: cluster, context: { cluster, user } }],
    "current-context": cluster,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
