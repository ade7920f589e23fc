import type { LeavingMarker } from "../core/protocol/mirror-layout.ts";
import type { AppTarget } from "./mirror-view.ts";
import type { AppRow } from "./state-store.ts";

/** What is to be done about an app: keep a tree, or leave. A marker that says hold keeps the tree that stands. */
export interface TargetForm {
  readonly tree: string | null;
  readonly leave: (LeavingMarker & { readonly verb: "delete" | "orphan" }) | null;
}

/** Reads a target. */
export function formOfTarget(target: AppTarget, row: AppRow | null): TargetForm {
  if ("tree" in target) return { tree: target.tree, leave: null };
  const { verb } = target.leaving;
  if (verb === "hold") return { tree: row?.tree ?? null, leave: null };
  return { tree: null, leave: { ...target.leaving, verb } };
}
