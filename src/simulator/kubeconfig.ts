/** Kubeconfigs of simulated clusters. */

/** A kubeconfig (JSON, which is YAML) with one cluster over plain HTTP on this machine. */
export function kubeconfigText(options: {
  readonly name: string;
  readonly server: string;
  readonly token: string;
}): string {
  const { name, server, token } = options;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    // Flotilla takes plain HTTP only where it is told that nobody can listen in between.
    clusters: [{ name, cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
