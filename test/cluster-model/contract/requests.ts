/** Requests that many cases send. */
import { expect } from "vitest";
import type { Answer, Body, ClusterUnderTest } from "./cluster-under-test.ts";

const applyType = "application/apply-patch+yaml";

export function configMaps(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps`;
}

export function deployments(namespace: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments`;
}

export function configMap(name: string, data: Record<string, string> = {}, more: object = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...more }, data };
}

/** A pod template's owner: one container, labelled `app`. */
export function deployment(name: string, more: object = {}) {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, template: podTemplate(name), ...more },
  };
}

export function podTemplate(app: string, more: object = {}) {
  return {
    metadata: { labels: { app } },
    spec: { containers: [{ name: "main", image: "registry.example/app:1" }], ...more },
  };
}

/** Creates an object; fails unless it was created. */
export async function create(cluster: ClusterUnderTest, path: string, body: object): Promise<Body> {
  const answer = await cluster.request("POST", path, { body });
  expect([answer.status, answer.body["message"]]).toEqual([201, undefined]);
  return answer.body;
}

/** Server-side apply to the object's path. */
export function apply(
  cluster: ClusterUnderTest,
  path: string,
  options: { readonly body: object; readonly query?: string },
): Promise<Answer> {
  const { body, query = "fieldManager=tester" } = options;
  return cluster.request("PATCH", `${path}?${query}`, { body, contentType: applyType });
}

export function patch(
  cluster: ClusterUnderTest,
  path: string,
  change: { readonly body: unknown; readonly type: "merge" | "json" | "strategic-merge" },
): Promise<Answer> {
  return cluster.request("PATCH", path, {
    body: change.body,
    contentType: `application/${change.type}-patch+json`,
  });
}

export function remove(cluster: ClusterUnderTest, path: string, options?: object): Promise<Answer> {
  return cluster.request("DELETE", path, options === undefined ? {} : { body: options });
}

/** A condition of an object's status. */
export function conditionOf(object: Body, type: string): Body | undefined {
  const { status } = object;
  const conditions: readonly Body[] = status?.["conditions"] ?? [];
  return conditions.find((one) => String(one["type"]) === type);
}
