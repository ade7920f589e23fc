import type { TreeId } from "../core/render/rendered.ts";
import type { HandOver } from "../core/rollout/planner-types.ts";

/** What a mirror has to have for a hand-over. */
export function treesOf({ apps }: HandOver): TreeId[] {
  return apps.flatMap(({ set, good }) => [
    ...("tree" in set ? [set.tree] : []),
    ...(good === null ? [] : [good]),
  ]);
}

/** What its markers are about: their sizes are told with them. */
export function treesToLeave({ apps }: HandOver): TreeId[] {
  return apps.flatMap(({ set }) =>
    "leaving" in set && set.leaving.from !== "" ? [set.leaving.from] : [],
  );
}
