/** Whether overlays change what the CRDs of a fleet say of their kinds: then a site may have other ones than the files. */
import type { FleetModel } from "../model/fleet-model.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { Overlay, Patch } from "../model/kinds.ts";

/** True where a patch of an App or a Profile is for a CRD's `spec`. */
export function patchesDefinitions({ apps, profiles }: FleetModel): boolean {
  return [...apps.values(), ...profiles.values()].some(({ value }) => {
    const overlays: readonly Pick<Overlay, "patches">[] = value.spec.overlays ?? [];
    return overlays.some(({ patches = [] }) => patches.some(isForDefinition));
  });
}

function isForDefinition(patch: Patch): boolean {
  return changesSpec(patch) && mayMean(patch);
}

function changesSpec({ merge, json = [] }: Patch): boolean {
  return (
    merge?.["spec"] !== undefined ||
    json.some(({ path, from = path }) => isInSpec(path) || isInSpec(from))
  );
}

function isInSpec(pointer: string): boolean {
  return pointer === "" || /^\/spec(\/|$)/.test(pointer);
}

function mayMean({ target, merge }: Patch): boolean {
  const named = (merge ?? {}) as JsonObject; // loadFleet has checked that it is a map of JSON values
  const kind: Json | undefined = target === undefined ? named["kind"] : target.kind;
  // They are called `<plural>.<group>`.
  const isOther = kind === undefined && target?.name !== undefined && !target.name.includes(".");
  return !isOther && (kind === undefined || kind === "CustomResourceDefinition");
}
