/** What an administrator of a test cluster does by `kubectl apply --server-side`. */
import { expect } from "vitest";
import { type KubeObject, keyOf } from "../../src/core/model/kube-object.ts";
import { pluralOf } from "../../src/core/rbac/plural-of.ts";
import type { TestSite } from "./kube-site.ts";

/** Applies objects, in this order; all must be taken. */
export async function applyAsAdministrator(
  { cluster }: TestSite,
  objects: readonly KubeObject[],
): Promise<void> {
  for (const one of objects) {
    const { status } = await cluster.api.request(`${pathOf(one)}?fieldManager=kubectl&force=true`, {
      method: "PATCH",
      body: one,
      contentType: "application/apply-patch+yaml",
    });
    expect([pathOf(one), status]).toEqual([pathOf(one), expect.toSatisfy(isDone)]);
  }
}

/** Where an API server has an object. */
export function pathOf(one: KubeObject): string {
  const { group, kind, namespace, name } = keyOf(one);
  const root = group === "" ? "/api/v1" : `/apis/${one.apiVersion}`;
  const place = namespace === "" ? "" : `/namespaces/${namespace}`;
  return `${root}${place}/${pluralOf(kind)}/${name}`;
}

function isDone(status: unknown): boolean {
  return status === 200 || status === 201;
}
