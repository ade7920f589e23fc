/** What stops a hand-over at one site, whatever is handed over. */
import type { Board } from "./board.ts";
import type { Block } from "./block.ts";
import { heldBlock, holdOn } from "./holds.ts";
import type { SiteView } from "./site-view.ts";

/** What stops anything at a site, whatever it is. */
export function siteBlock(view: SiteView): Block | null {
  if (view.waitsFor !== null) {
    return {
      code: "moving",
      reason: `${view.site} goes to ${view.waitsFor}, and what the worker of ${view.waitsFor} follows is not known here yet`,
      endsWhen: `it reports and brings what is missing, or an operator excuses region ${view.waitsFor} while it is silent`,
    };
  }
  if (view.isMoving) {
    return {
      code: "moving",
      reason: `${view.site} leaves ${view.mirror}, whose worker has to say that it stopped writing there`,
      endsWhen: `it does, or an operator excuses ${view.site} naming the UID of its cluster; then its new mirror gets it`,
    };
  }
  if (view.silentSince !== null) {
    return {
      code: "worker-silent",
      reason: `the worker of ${view.mirror} is silent`,
      endsWhen: `it reports again, or an operator excuses the region`,
    };
  }
  if (!view.isReachable) {
    return {
      code: "offline",
      reason: `${view.site} does not answer`,
      endsWhen: "it answers again",
    };
  }
  if (view.facts?.suspend === true) {
    return {
      code: "suspended",
      reason: `${view.site} is suspended`,
      endsWhen: "a commit ends `suspend`",
    };
  }
  return null;
}

/** A hold with `all` stops the open list at this site too. */
export function openHoldBlock(board: Board, app: string, { site, facts }: SiteView): Block | null {
  const at = { site, region: facts?.region ?? "" };
  const hold = holdOn(board.input.control.holds, { app, kind: "open", at });
  return hold === undefined ? null : heldBlock(hold);
}

/** `Fleet.maxSitesInFlight` leaves room for the site: it is in flight already, or there are fewer. */
export function fitsFleet(board: Board, site: string): boolean {
  const most = board.input.budgets.maxSitesInFlight;
  return most === null || board.sitesInFlight.has(site) || board.sitesInFlight.size < most;
}
