/** What the cases of the rules of applying share: objects, and what is asked of a site. */
import type { Json } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { AppReport } from "../../../src/core/protocol/worker-report.ts";
import type { ApiAnswer } from "../../control-plane/api-client.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { eventually } from "../../support/kube-worker.ts";

export const configMaps = "/api/v1/namespaces/default/configmaps";
export const deployments = "/apis/apps/v1/namespaces/default/deployments";
export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** A leaving marker. */
export const leaving = (expected: number) => ({ verb: "delete", release: "r2", expected }) as const;

/** Server-side apply by another tool. */
export async function applyAs(
  site: TestSite,
  manager: string,
  { path, object }: { readonly path: string; readonly object: KubeObject },
): Promise<ApiAnswer> {
  return site.cluster.api.request(`${path}?fieldManager=${manager}`, {
    method: "PATCH",
    body: object,
    contentType: "application/apply-patch+yaml",
  });
}

/** POST by a manager, as client-side tools do. */
export function createAs(
  site: TestSite,
  manager: string,
  { path, object }: { readonly path: string; readonly object: KubeObject },
): Promise<ApiAnswer> {
  const body = object;
  return site.cluster.api.request(`${path}?fieldManager=${manager}`, { method: "POST", body });
}

/** The report of an app whose message has this text. */
export function told(site: TestSite, app: string, text: string): Promise<AppReport> {
  return eventually(`${app} tells: ${text}`, () => {
    const report = site.report(app);
    return report?.message.includes(text) === true ? report : undefined;
  });
}

/** The data of ConfigMap default/name; undefined: there is none. */
export async function dataOf(site: TestSite, name: string): Promise<unknown> {
  return (await site.cluster.get(`${configMaps}/${name}`)).body["data"];
}

export async function metadataOf(
  site: TestSite,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await site.cluster.get(path);
  return (body["metadata"] ?? {}) as Record<string, unknown>; // of an object of the cluster
}

export async function uidOf(site: TestSite, path: string): Promise<unknown> {
  return (await metadataOf(site, path))["uid"];
}

export function gone(site: TestSite, path: string, timeoutMs?: number): Promise<unknown> {
  const isGone = async (): Promise<boolean> => (await site.cluster.get(path)).status === 404;
  return eventually(`${path} is gone`, isGone, timeoutMs);
}

export function stands(site: TestSite, path: string): Promise<unknown> {
  const isThere = async (): Promise<boolean> => (await site.cluster.get(path)).status === 200;
  return eventually(`${path} stands`, isThere);
}

/** The requests of the worker, as `<method> <path>`, without the question who the cluster is. */
export function sent(site: TestSite): string[] {
  return site.cluster.proxy
    .requests()
    .filter(({ path }) => path !== "/api/v1/namespaces/kube-system")
    .map(({ method, path }) => `${method} ${path}`);
}

/** An object with these members beside kind and name; in `default` if it is in a namespace at all. */
export function object(
  apiVersion: string,
  kind: string,
  { name, namespace = "default", ...rest }: ObjectText,
): KubeObject {
  const metadata = { name, ...(namespace !== "" && { namespace }) };
  return { apiVersion, kind, metadata, ...rest };
}

interface ObjectText {
  readonly name: string;
  /** "": it is in none. */
  readonly namespace?: string;
  readonly [member: string]: Json | undefined;
}

export function namespaceOf(name: string): KubeObject {
  return object("v1", "Namespace", { name, namespace: "" });
}

interface KindText {
  readonly group: string;
  /** In lower case with an s by default. */
  readonly plural?: string;
  /** Names of the served versions; the first one is stored. */
  readonly versions?: readonly string[];
  readonly scope?: "Namespaced" | "Cluster";
  readonly hasStatus?: boolean;
}

/** The definition of a kind whose objects may hold anything. */
export function definition(kind: string, text: KindText): KubeObject {
  const { group, plural = `${kind.toLowerCase()}s`, versions = ["v1"], scope } = text;
  const schema = {
    openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  };
  return object("apiextensions.k8s.io/v1", "CustomResourceDefinition", {
    name: `${plural}.${group}`,
    namespace: "",
    spec: {
      group,
      scope: scope ?? "Namespaced",
      names: { kind, plural },
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema,
        ...(text.hasStatus === true && { subresources: { status: {} } }),
      })),
    },
  });
}
