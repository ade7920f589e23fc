/** Says of sites that came while a candidate was under way why they have not got it. */
import { entitledTree, isListed } from "./arrivals.ts";
import type { AppBoard, Board } from "./board.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { standingTree } from "./site-view.ts";
import { waitOf } from "./stage-waits.ts";
import { matchesSelector, parseSelector } from "../select/selector.ts";

/** Sites that have what is current, and that the candidate of the followed head does not list though it changes them. */
export function reportJoiners(board: Board, app: AppBoard): void {
  const { placedByHead = {}, wanted = {} } = board.input;
  const candidate = [...app.open.values()].find(({ kind }) => kind === "app");
  if (candidate === undefined || own(wanted, app.app)?.digest !== candidate.digest) return;
  for (const site of own(placedByHead, app.app) ?? []) {
    if (Object.hasOwn(candidate.list, site) || !isBehind(board, app, site)) continue;
    const reason = `it came while ${candidate.id} was under way, and has what is current until then`;
    const block = {
      code: "earlier-stage",
      reason,
      endsWhen: endOf(board, candidate, site),
    } as const;
    board.waits.push(waitOf(candidate, { stage: null, site, block }));
  }
}

/** It stands on what it is entitled to, the head wants another tree there, and no release decides about it. */
function isBehind(board: Board, app: AppBoard, site: string): boolean {
  const to = board.input.wantedAt?.(app.app, site);
  const standing = standingTree(own(own(board.input.mirrors, site), app.app));
  if (to === undefined || standing === undefined || standing === to) return false;
  return standing === entitledTree(board, app, site) && !isListed(app, site);
}

function endOf({ input }: Board, candidate: Release, site: string): string {
  const { id, goingBack, stages, passed } = candidate;
  if (goingBack !== undefined) return `a newer commit replaces ${id}, which goes back`;
  const labels = input.sites.get(site)?.labels ?? {};
  const stage = stages.find(({ name, selector }) => {
    const parsed = selector === undefined ? undefined : parseSelector(selector);
    const isIts = parsed?.ok === true && matchesSelector(parsed.selector, labels);
    return isIts && !Object.hasOwn(passed, name);
  });
  return stage === undefined ? `${id} is through` : `stage ${stage.name} of ${id} has passed`;
}
