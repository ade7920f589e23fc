/** What stops a hand-over at one site, whatever is handed over. */
import type { Board } from "./board.ts";
import type { Block } from "./block.ts";
import { heldBlock, holdOn } from "./holds.ts";
import type { SiteView } from "./site-view.ts";
import { clusterCommand } from "./words.ts";

/** What it ends, beside the worker's return, that an operator excuses the region of a silent worker. */
const excuseEnds = {
  nothing: "",
  wait: ", or an operator excuses the region",
  slot: "; that an operator excuses the region frees only the slot that it takes until then",
} as const;

const whenReadable = "it can: `flotilla status` says what to do";

/**
 * What stops anything at a site, whatever it is. `excuse`: `wait` in an open stage, which goes on without an excused
 * region; `slot` of what is in flight and in none.
 */
export function siteBlock(
  view: SiteView,
  excuse: keyof typeof excuseEnds = "nothing",
): Block | null {
  if (view.waitsFor !== null) {
    if (view.isMirrorUnreadable) {
      const reason = `${view.site} goes to ${view.waitsFor}, whose mirror cannot be read`;
      return { code: "moving", reason, endsWhen: whenReadable };
    }
    return {
      code: "moving",
      reason: `${view.site} goes to ${view.waitsFor}, and what the worker of ${view.waitsFor} follows is not known here yet`,
      endsWhen: `it reports and brings what is missing, or an operator excuses region ${view.waitsFor} while it is silent`,
    };
  }
  if (view.isMoving) return movingBlock(view);
  if (view.silentSince !== null) return silentBlock(view, excuse);
  if (!view.isReachable) {
    return {
      code: "offline",
      reason: `${view.site} does not answer`,
      endsWhen: `it answers again${orForgotten(view)}`,
    };
  }
  if (view.facts?.suspend === true) {
    return {
      code: "suspended",
      reason: `${view.site} is suspended`,
      endsWhen: view.facts.leaves === true ? suspendedEnd(view) : "a commit ends `suspend`",
    };
  }
  return null;
}

/** The worker is silent, or counts as such. */
function silentBlock(view: SiteView, excuse: keyof typeof excuseEnds): Block {
  const forgotten = orForgotten(view, true);
  const words = excuseEnds[view.isRegionExcused ? "nothing" : excuse];
  const orElse = excuse === "wait" ? words + forgotten : forgotten + words;
  const [reason, end] = view.isMirrorUnreadable
    ? [`the mirror of ${view.mirror} cannot be read`, whenReadable]
    : [`the worker of ${view.mirror} is silent`, "it reports again"];
  return { code: "worker-silent", reason, endsWhen: end + orElse };
}

/** The site leaves its mirror. */
function movingBlock(view: SiteView): Block {
  const { site, mirror, silentSince, isStuck } = view;
  if (isStuck) {
    return {
      code: "moving",
      reason: `${site} leaves ${mirror}, and stands in its mirror still`,
      endsWhen: "that is written; where it cannot be, `flotilla status` says why",
    };
  }
  if (view.isEntering && view.isMirrorUnreadable) {
    const gone = `where it is gone for good, an operator says so (${clusterCommand(site, view.uid)})`;
    return {
      code: "moving",
      reason: `${site} comes from ${mirror}, whose mirror cannot be read, with what that says of its apps`,
      endsWhen: `${whenReadable}; or, ${gone}`,
    };
  }
  const isSilent = silentSince !== null;
  return {
    code: "moving",
    reason: `${site} leaves ${mirror}, whose worker ${isSilent ? "is silent and " : ""}has to say that it stopped writing there`,
    endsWhen: movedEnd(view),
  };
}

/** The old worker's word, or that of somebody who knows that it is gone. */
function movedEnd(view: SiteView): string {
  if (view.facts?.leaves === true)
    return `it does, and its apps have left its new mirror${orForgotten(view)}`;
  const word = clusterCommand(view.site, view.uid);
  return `it does, or, where it is gone for good, an operator says so (${word}); then its new mirror gets it`;
}

/** A site that leaves the fleet need not be waited for. `isOfMany`: the same is told of others. */
export function orForgotten({ site, uid, facts }: SiteView, isOfMany = false): string {
  if (facts?.leaves !== true) return "";
  const word = isOfMany ? clusterCommand("SITE") : clusterCommand(site, uid);
  return `, or an operator forgets it as it is (${word})`;
}

/** No commit can end it but one that has the site again: from then on it does not leave. */
function suspendedEnd(view: SiteView): string {
  return (
    "a commit declares it again without `suspend`, with `decommission: delete`, and a later one removes it" +
    orForgotten(view)
  );
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
