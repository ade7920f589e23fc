/** Apps that deliver the account that they are written as, or bind rights to it. */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import { isJsonObject } from "../model/json.ts";
import {
  type KubeObject,
  type ObjectId,
  describeKey,
  parseObjectId,
} from "../model/kube-object.ts";
import { warning } from "./mistake.ts";
import type { PlacedRendering } from "./placed-rendering.ts";

/**
 * Warnings, one for each object: an account cannot make itself, nor what gives it rights, and what could would no longer
 * be bounded by them. Only apps with such kinds are looked into.
 */
export function ownAccounts(
  model: FleetModel,
  renderings: readonly PlacedRendering[],
): readonly Diagnostic[] {
  return renderings.flatMap((rendering) => {
    const app = model.apps.get(rendering.app.app);
    const name = app?.value.spec.serviceAccountName;
    if (app === undefined || name === undefined) return [];
    const namespaces = new Set([app.value.spec.namespace, ...rendering.app.movedTo.values()]);
    return [...rendering.ids()].flatMap((id) => {
      const what = isOf(rendering, id, { name, namespaces });
      const key = parseObjectId(id);
      if (!what || key === undefined) return [];
      const message = `the app is written as service account "${name}" and delivers it itself, or its rights: ${describeKey(key)}`;
      const hint = "deliver it by another app";
      return [
        warning(app.at(["spec", "serviceAccountName"]), { code: "own-account", message, hint }),
      ];
    });
  });
}

interface Accounts {
  readonly name: string;
  readonly namespaces: ReadonlySet<string>;
}

/** It is one of the accounts, or binds rights to one. */
function isOf({ variants }: PlacedRendering, id: ObjectId, accounts: Accounts): boolean {
  const key = parseObjectId(id);
  if (key?.group === "" && key.kind === "ServiceAccount") {
    return key.name === accounts.name && accounts.namespaces.has(key.namespace);
  }
  if (key?.group !== "rbac.authorization.k8s.io" || !key.kind.endsWith("Binding")) return false;
  return [...variants.values()].some(({ objects }) =>
    objects.some((one) => one.id === id && isBoundTo(one.object, accounts)),
  );
}

function isBoundTo({ subjects, metadata }: KubeObject, { name, namespaces }: Accounts): boolean {
  return (Array.isArray(subjects) ? subjects : []).some((subject) => {
    if (!isJsonObject(subject) || subject["kind"] !== "ServiceAccount") return false;
    const namespace = subject["namespace"] ?? metadata["namespace"];
    return subject["name"] === name && typeof namespace === "string" && namespaces.has(namespace);
  });
}
