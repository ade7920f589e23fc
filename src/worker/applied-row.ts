import { ownedFields } from "../core/apply/owned-fields.ts";
import { fieldManagerOf, metadataText } from "../core/apply/ownership.ts";
import { markEmptyMaps } from "../core/apply/project-fields.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import type { ObjectWork } from "./apply-object.ts";
import { comparedOf, projectionOf } from "./projection.ts";
import type { StateKey } from "./state-key.ts";
import type { ObjectRow } from "./state-store.ts";

/** What is kept of an object as the apply has left it. */
export function appliedRow(work: ObjectWork, live: KubeObject, key: StateKey): ObjectRow {
  const compared = comparedOf(live, work.app, ownedFields(live, fieldManagerOf(work.app)));
  const fields = markEmptyMaps(compared, work.object.object);
  return {
    id: work.object.id,
    apiVersion: work.object.object.apiVersion,
    uid: metadataText(live, "uid"),
    hash: work.object.hash,
    resourceVersion: metadataText(live, "resourceVersion"),
    phase: "applied",
    owned: JSON.stringify(fields),
    projection: projectionOf(live, { ...compared, fields }, key),
    ended: "",
  };
}
