/** What stays in the cluster of a site that is forgotten while its mirror, which is lost, has nothing of it. */
import type { Board } from "./board.ts";
import { own } from "./own.ts";
import type { StartInput } from "./planner-types.ts";
import { mayLack } from "./site-view.ts";

/** Apps that are to leave the site, and of which nobody has said that they have. */
export function leaversAt({ apps }: Board, site: string): readonly string[] {
  const leaves = [...apps.values()].filter(({ open }) =>
    [...open.values()].some(
      ({ kind, list, left }) =>
        kind === "removal" && Object.hasOwn(list, site) && own(left, site) === undefined,
    ),
  );
  return leaves.map(({ app }) => app);
}

/**
 * Said beside that the site is no longer in the fleet; "" where its mirror is whole. `before`: what the head before places,
 * as far as it is known here.
 */
export function leftBehindInWords(
  board: Board,
  { site, mirror }: { readonly site: string; readonly mirror: string },
  before: StartInput["entitledBefore"] = {},
): string {
  if (!mayLack(board.input, mirror)) return "";
  if (Object.keys(own(board.input.mirrors, site) ?? {}).length > 0) return "";
  const placed = Object.keys(before).filter((app) => own(own(before, app), site) !== undefined);
  const apps = [...new Set([...leaversAt(board, site), ...placed])].toSorted();
  const what =
    apps.length === 0 ? "what its cluster has" : `what its cluster has of ${apps.join(", ")}`;
  return `: ${what} stays there, for ${mirror} is lost and does not know it`;
}
