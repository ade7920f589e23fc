import { describe, expect, it } from "vitest";
import { isKept, wasKept } from "../../../src/core/apply/kept-objects.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const argo = "argocd.argoproj.io/sync-options";
const flux = "kustomize.toolkit.fluxcd.io/prune";

const of = (
  annotations: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", annotations, labels },
});
const applied = (name: string): string =>
  JSON.stringify({ "f:metadata": { "f:annotations": { [`f:${name}`]: {} } } });

describe("an object that is to be kept", () => {
  it.each([
    ["flotilla.dev/prune", "keep"],
    ["flotilla.dev/prune", "Keep"],
    ["helm.sh/resource-policy", "keep"],
    [flux, "disabled"],
    [argo, "Prune=false"],
    [argo, "SkipDryRunOnMissingResource=true, Prune=false"],
    [argo, "Prune=confirm"],
    [argo, "Delete=false"],
  ])("says so by %s: %s", (name, value) => {
    expect(isKept(of({ [name]: value }))).toBe(true);
  });

  it("says so by Flux's label", () => {
    expect(isKept(of({}, { [flux]: "disabled" }))).toBe(true);
  });

  it.each([
    [argo, "Prune=true"],
    [argo, "PruneLast=true,Replace=true"],
    [argo, ""],
    ["helm.sh/hook", "pre-install"],
  ])("does not say so by %s: %s", (name, value) => {
    expect(isKept(of({ [name]: value }))).toBe(false);
  });

  it.each(["flotilla.dev/prune", "helm.sh/resource-policy", flux, argo])(
    "is known by what was applied where somebody has taken %s off",
    (name) => {
      expect(wasKept(applied(name), of({}))).toBe(true);
      expect(wasKept(applied("example.org/x"), of({}))).toBe(false);
    },
  );

  it("is known by Flux's label where somebody has taken that off", () => {
    const owned = JSON.stringify({ "f:metadata": { "f:labels": { [`f:${flux}`]: {} } } });
    expect(wasKept(owned, of({}))).toBe(true);
  });

  it.each(["flotilla.dev/prune", "helm.sh/resource-policy", flux, argo])(
    "is not meant by %s at its pods, or in its data, or by what nobody knows",
    (name) => {
      const template = JSON.parse(applied(name)) as object;
      const pods = JSON.stringify({ "f:metadata": {}, "f:spec": { "f:template": template } });
      expect(wasKept(pods, of({}))).toBe(false);
      expect(wasKept(JSON.stringify({ "f:data": { [`f:${name}`]: {} } }), of({}))).toBe(false);
      expect(wasKept("", of({}))).toBe(false);
    },
  );

  it("is not meant by options for Argo CD that stand and say other things", () => {
    expect(wasKept(applied(argo), of({ [argo]: "Replace=true" }))).toBe(false);
  });
});
