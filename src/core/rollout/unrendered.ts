/** The followed head was valid, and kustomize or Helm cannot be had now: what needs no new rendering goes on. */
import type { Block } from "./block.ts";
import { own } from "./own.ts";
import type { PlannerInput } from "./planner-types.ts";

const endsWhen = "they have rendered it, which is tried again by itself";

/** What an app waits for that they have not rendered; null for any other. */
export function unrenderedBlock({ unrendered }: PlannerInput, app: string): Block | null {
  if (unrendered?.apps.includes(app) !== true) return null;
  const { reason } = unrendered;
  return { code: "unrendered", reason: `${reason}; what stands of ${app} stays`, endsWhen };
}

/**
 * An open release names trees of which nobody has the objects now. Then nobody can tell either what they take over from
 * other apps, or what is lost: nothing moves.
 */
export function unknownTreesBlock(input: PlannerInput): Block | null {
  const { unrendered } = input;
  if (unrendered === undefined) return null;
  for (const { open } of Object.values(input.control.apps)) {
    for (const { id, list } of open) {
      const trees = Object.keys(list).flatMap((site) => own(list, site)?.to ?? []);
      if (trees.every((tree) => input.objectsOf(tree).size > 0)) continue;
      const reason = `${unrendered.reason}; what ${id} brings is known only by that`;
      return { code: "unrendered", reason, endsWhen };
    }
  }
  return null;
}
