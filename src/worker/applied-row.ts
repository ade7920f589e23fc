import { ownedFields } from "../core/apply/owned-fields.ts";
import { fieldManagerOf, metadataText } from "../core/apply/ownership.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import type { ObjectWork } from "./apply-object.ts";
import { projectionOf } from "./projection.ts";
import type { StateKey } from "./state-key.ts";
import type { ObjectRow } from "./state-store.ts";

/** What is kept of an object as the apply has left it. */
export function appliedRow(work: ObjectWork, live: KubeObject, key: StateKey): ObjectRow {
  const owned = ownedFields(live, fieldManagerOf(work.app));
  return {
    id: work.object.id,
    apiVersion: work.object.object.apiVersion,
    uid: metadataText(live, "uid"),
    hash: work.object.hash,
    resourceVersion: metadataText(live, "resourceVersion"),
    phase: "applied",
    owned: JSON.stringify(owned),
    projection: projectionOf(live, owned, key),
    ended: "",
  };
}
