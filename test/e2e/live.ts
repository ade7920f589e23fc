/** Reading and changing live objects of a site, past Flotilla. */
import type { WorldSite } from "./world.ts";

type LiveObject = Readonly<Record<string, unknown>> & {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
  };
};

/** The live object at an API path, null when there is none. */
export async function readLive(site: WorldSite, path: string): Promise<LiveObject | null> {
  const { status, body } = await site.api.request(path);
  if (status === 404) return null;
  if (status !== 200) throw new Error(`${path} answered ${status}`);
  // What an API server answers to a GET of one object.
  return body as LiveObject;
}

const configMapPath = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${namespace}/configmaps/${name}`;

/** `data` of a ConfigMap, null when there is none. */
export async function configMapData(
  site: WorldSite,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>> | null> {
  const live = await readLive(site, configMapPath(namespace, name));
  // A ConfigMap's data maps strings to strings.
  return live && ((live["data"] ?? {}) as Record<string, string>);
}

/** Overwrites a ConfigMap's data as somebody with kubectl would. */
export async function editConfigMap(
  site: WorldSite,
  name: { readonly namespace: string; readonly name: string },
  data: Readonly<Record<string, string>>,
): Promise<void> {
  const { status } = await site.api.request(configMapPath(name.namespace, name.name), {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    body: { data },
  });
  if (status !== 200) throw new Error(`the edit answered ${status}`);
}

/** Image of the first container of a Deployment, null when there is none. */
export async function deploymentImage(
  site: WorldSite,
  namespace: string,
  name: string,
): Promise<string | null> {
  const live = await readLive(site, `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
  if (live === null) return null;
  const spec = live["spec"] as {
    template: { spec: { containers: readonly { image: string }[] } };
  };
  return spec.template.spec.containers[0]?.image ?? null;
}

/** What tells clusters apart: the UID of the kube-system namespace. */
export async function clusterUid(site: WorldSite): Promise<string> {
  const live = await readLive(site, "/api/v1/namespaces/kube-system");
  if (live === null) throw new Error(`${site.name} has no kube-system`);
  return live.metadata.uid;
}
