import type { TreeId } from "../../render/rendered.ts";
import type { AppBoard } from "../board.ts";
import { own } from "../own.ts";
import type { PlannerInput } from "../planner-types.ts";
import { isBadAt } from "./bad-trees.ts";

/** The good tree that is recorded for an app at a site; undefined where there is none, or it has been found bad there. */
export function goodAt(
  { good }: Pick<PlannerInput, "good">,
  app: AppBoard | undefined,
  site: string,
): TreeId | undefined {
  const tree = app && own(own(good, site), app.app);
  if (app === undefined || tree === undefined) return undefined;
  return isBadAt(app.badTrees, { site, tree }) ? undefined : tree;
}
