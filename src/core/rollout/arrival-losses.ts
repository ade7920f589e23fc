/** What the open list may delete: nothing but what a release has counted, or an operator has approved. */
import type { ObjectId } from "../model/kube-object.ts";
import type { TreeId } from "../render/rendered.ts";
import type { AppBoard } from "./board.ts";
import type { Block } from "./block.ts";
import { own } from "./own.ts";
import type { Arrivals } from "./records.ts";
import { countOf, someOf } from "./words.ts";

/** Names the open list of an app where a release is named. */
export const openListName = "open-list";

/** How many objects wait for a word, over all sites of an app's open list. */
export function waitingLosses({ waiting }: Pick<Arrivals, "waiting">): number {
  return Object.values(waiting ?? {}).reduce((sum, { objects }) => sum + objects.length, 0);
}

/** The site may lose these objects on its way to that tree. */
export function isGranted(
  app: AppBoard,
  { site, to }: { site: string; to: TreeId },
  objects: readonly ObjectId[],
): boolean {
  if (objects.length === 0) return true;
  const granted = own(app.arrivals.granted, site);
  if (granted === undefined || granted.to !== to) return false;
  return objects.every((object) => granted.objects.includes(object));
}

/** The block of what nobody has counted. */
export function lossBlock(app: AppBoard, site: string, objects: readonly ObjectId[]): Block {
  const all = Math.max(waitingLosses(app.arrivals), objects.length);
  return {
    code: "deletions",
    reason: `it deletes ${countOf(objects.length, "object")} at ${site} that no release has counted: ${someOf(objects)}`,
    endsWhen: `an operator approves ${countOf(all, "deletion")} of ${openListName} of ${app.app}, or a release reaches the site`,
    needs: { app: app.app, release: openListName, what: "deletions", value: String(all) },
  };
}
