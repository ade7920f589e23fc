import { metadataText } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { type KubeObject, type ObjectKey, describeKey } from "../core/model/kube-object.ts";
import { finalizersOf } from "./refusals.ts";

/** What is being deleted takes nothing more. */
export function refuseDeleted(live: KubeObject, key: ObjectKey): void {
  const ending = endingOf(live, key);
  if (ending !== null) throw ending;
}

/** Why it does not count as standing, though it took what was written; null: it does. */
export function endingOf(live: KubeObject, key: ObjectKey): FleetError | null {
  if (metadataText(live, "deletionTimestamp") === "") return null;
  const hint = `held by ${finalizersOf(live)}`;
  return new FleetError("API_REFUSED", `${describeKey(key)} is still being deleted`, { hint });
}
