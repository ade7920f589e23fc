import { describe, expect, it } from "vitest";
import { declaredTakeOver, takeOver } from "../../../src/core/apply/take-over.ts";
import type { Json } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const object = (annotation: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", annotations: { "flotilla.dev/take-over": annotation } },
});
const entry = (manager: string, field: string, more: Readonly<Record<string, Json>> = {}) => ({
  manager,
  operation: "Update",
  apiVersion: "apps/v1",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:spec": { [field]: {} } },
  ...more,
});
const live = (...managedFields: Json[]): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", managedFields },
});

describe("what is taken over", () => {
  it("is named by managers, never by an app's or by what scales workloads", () => {
    const names = "argocd-controller, helm,,flotilla/other,flotilla,kube-controller-manager";
    expect(declaredTakeOver(object(names))).toEqual(["argocd-controller", "helm"]);
    expect(declaredTakeOver(live())).toEqual([]);
  });

  it("is put into the app's own entry, and everybody else's stays as it is", () => {
    const status = entry("argo", "f:a", { subresource: "status" });
    const restart = entry("kubectl-rollout", "f:template");
    const version = entry("argo", "f:old", { apiVersion: "apps/v1beta1" });
    const own = entry("flotilla/web", "f:own", { operation: "Apply" });
    const applied = entry("kubectl-client-side-apply", "f:replicas");
    const argo = entry("argo", "f:paused");
    const all = live(status, restart, version, own, applied, argo);

    const over = takeOver(all, object("argo"), { app: "web", left: null });
    expect(over?.managedFields).toEqual([
      status,
      restart,
      version,
      {
        ...own,
        fieldsV1: { "f:spec": { "f:own": {}, "f:replicas": {}, "f:paused": {} } },
      },
    ]);
  });

  it("is not what the app leaves to others: that stays with who has it", () => {
    const kubectl = entry("kubectl-client-side-apply", "f:replicas", {
      fieldsV1: { "f:spec": { "f:replicas": {}, "f:paused": {} } },
    });
    const left = { fields: [".spec.replicas"], managers: new Set<string>() };
    const over = takeOver(live(kubectl), object(""), { app: "web", left });

    expect(over?.managedFields).toEqual([
      { ...kubectl, fieldsV1: { "f:spec": { "f:replicas": {} } } },
      entry("flotilla/web", "f:paused", { operation: "Apply" }),
    ]);
    // And nothing is left to be taken the next time.
    expect(
      takeOver(live(...(over?.managedFields ?? [])), object(""), { app: "web", left }),
    ).toBeNull();
  });

  it("is nothing where nobody that is named has anything", () => {
    expect(
      takeOver(live(entry("argo", "f:a")), object("helm"), { app: "web", left: null }),
    ).toBeNull();
    expect(takeOver(live(), object("argo"), { app: "web", left: null })).toBeNull();
  });
});
