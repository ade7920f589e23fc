/** Everything that is known of one app at one site, gathered from the planner's input. */
import type { TreeId } from "../render/rendered.ts";
import { own } from "./own.ts";
import type { MirrorEntry, ObservedApp, PlannerInput, SiteFacts } from "./planner-types.ts";
import type { Release, Standing } from "./records.ts";
import type { SiteAssignment } from "./site-assignment.ts";

export interface SiteView {
  readonly site: string;
  /** Undefined: the followed head does not declare the site. */
  readonly facts: SiteFacts | undefined;
  /** The mirror that serves it now. */
  readonly mirror: string;
  /** Of its cluster, as far as control has it. */
  readonly uid: string | undefined;
  readonly isMoving: boolean;
  /** It has left its mirror, nobody writes to it, and it is on its way into another one. */
  readonly isEntering: boolean;
  /** An operator has said that its old worker is gone, and still it stands in that one's mirror. */
  readonly isStuck: boolean;
  /** The mirror that the site, written to by nobody, waits to come into, for its worker was not heard yet; else null. */
  readonly waitsFor: string | null;
  /** What stands in its mirror. */
  readonly entry: MirrorEntry | undefined;
  /** What its worker follows is not known to be in its mirror: what is not there may stand in the cluster. */
  readonly mirrorMayLack: boolean;
  readonly observed: ObservedApp | undefined;
  /** False only when a live worker says so. */
  readonly isReachable: boolean;
  /** False when its worker last said so, silent since or not. */
  readonly didAnswer: boolean;
  /** Since when its worker is silent; null: it is live. */
  readonly silentSince: number | null;
  /** Its mirror, or the one that it waits to come into, is damaged or gone: the worker of that counts as silent. */
  readonly isMirrorUnreadable: boolean;
  /** Its worker is silent and an operator has excused the region. */
  readonly isRegionExcused: boolean;
}

/** What is known of `app` at `site`. */
export function viewSite(input: PlannerInput, app: string, site: string): SiteView {
  const facts = input.sites.get(site);
  const assignment = own(input.control.sites, site);
  const mirror = assignment?.mirror ?? facts?.mirror ?? "";
  const silentSince = silentSinceOf(input, mirror);
  const waitsFor = awaitedMirror(input, assignment);
  const observed = own(input.observed, site);
  const didAnswer = observed?.reachable !== false;
  return {
    site,
    facts,
    mirror,
    uid: assignment?.uid,
    isMoving: isMoving(input, site),
    isEntering: isEntering(assignment),
    isStuck: isStuck(input, site, assignment),
    waitsFor,
    entry: own(own(input.mirrors, site), app),
    mirrorMayLack: mayLack(input, mirror),
    observed: own(observed?.apps, app),
    isReachable: silentSince !== null || didAnswer,
    didAnswer,
    silentSince,
    isMirrorUnreadable: isUnreadable(input, { mirror, waitsFor }),
    isRegionExcused: silentSince !== null && isExcused(input, mirror),
  };
}

/** Why nothing that is not there yet comes to the site now; undefined: it may. */
export function absenceOf({ isReachable, facts }: SiteView): "offline" | "suspended" | undefined {
  if (!isReachable) return "offline";
  return facts?.suspend === true ? "suspended" : undefined;
}

/** The newest of the mirror is awaited, of its worker or from it. */
export function isMirrorAwaited({ workers }: PlannerInput, mirror: string): boolean {
  return own(workers, mirror)?.isAwaited === true;
}

/** The same, also where an operator has excused its region. */
export function mayLack({ workers }: PlannerInput, mirror: string): boolean {
  return own(workers, mirror)?.mirrorMayLack === true;
}

/** It is known that nothing of the app stands there, and that no move brings it. */
export function isNowhere({ entry, isMoving, mirrorMayLack }: SiteView): boolean {
  return entry === undefined && !isMoving && !mirrorMayLack;
}

/** Nothing of the app is known to stand at the site, or to come along there, and a mirror that may have it is not known whole. */
export function isUnseen(input: PlannerInput, app: string, site: string): boolean {
  if (own(own(input.mirrors, site), app) !== undefined) return false;
  const { mirror = input.sites.get(site)?.mirror, moving } = own(input.control.sites, site) ?? {};
  if (own(moving?.trees, app) !== undefined) return false;
  return [mirror, moving?.to].some((name) => name !== undefined && mayLack(input, name));
}

/** By what is there, or on record of its removal: what an older mirror lacks of that is the end of it. */
export function isGone(view: SiteView, { left }: Pick<Release, "left">): boolean {
  const hasLeft = own(left, view.site) !== undefined;
  return isNowhere(view) || (hasLeft && view.entry === undefined && !view.isMoving);
}

function isUnreadable(
  { workers }: PlannerInput,
  { mirror, waitsFor }: Pick<SiteView, "mirror" | "waitsFor">,
): boolean {
  return own(workers, waitsFor ?? mirror)?.isMirrorUnreadable === true;
}

function isEntering(assignment: SiteAssignment | undefined): boolean {
  return assignment?.moving?.entering !== undefined;
}

function isStuck(
  input: PlannerInput,
  site: string,
  assignment: SiteAssignment | undefined,
): boolean {
  const { released, entering } = assignment?.moving ?? {};
  if (assignment === undefined || released === undefined || entering !== undefined) return false;
  return mirrorsWith(input, site).includes(assignment.mirror);
}

function isExcused({ control }: PlannerInput, mirror: string): boolean {
  return own(control.workers, mirror)?.excused !== undefined;
}

function awaitedMirror(input: PlannerInput, assignment: SiteAssignment | undefined): string | null {
  const moving = assignment?.moving;
  if (moving === undefined || !isMirrorAwaited(input, moving.to)) return null;
  const { stopped, released, entering, to } = moving;
  const isOut = [stopped, released, entering].some((word) => word !== undefined);
  return isOut || to === assignment?.mirror ? to : null;
}

/** The mirrors in which a site stands. */
export function mirrorsWith(
  { standsIn, mirrors, control }: Pick<PlannerInput, "standsIn" | "mirrors" | "control">,
  site: string,
): readonly string[] {
  if (standsIn !== undefined) return own(standsIn, site) ?? [];
  const assignment = own(control.sites, site);
  if (assignment === undefined || own(mirrors, site) === undefined) return [];
  const { mirror, moving } = assignment;
  return [moving?.entering === undefined ? mirror : moving.to];
}

/** Stages take it first: it is not suspended, its worker is heard, and does not say that it is offline. */
export function isReachable(
  input: PlannerInput,
  site: string,
  facts: SiteFacts | undefined = input.sites.get(site),
): boolean {
  if (facts === undefined || facts.suspend) return false;
  if (own(input.observed, site)?.reachable === false) return false;
  const mirror = own(input.control.sites, site)?.mirror ?? facts.mirror;
  return silentSinceOf(input, mirror) === null;
}

/** Since when the worker of a mirror is silent; one that nobody has heard of is silent from now on. */
export function silentSinceOf({ workers, now }: PlannerInput, mirror: string): number | null {
  const worker = own(workers, mirror);
  return worker === undefined ? now : worker.silentSince;
}

/** As of when its worker has told how the site is: what came after that nobody knows. */
export function heardAt(
  input: PlannerInput,
  { mirror, silentSince }: Pick<SiteView, "mirror" | "silentSince">,
): number {
  return silentSince ?? Math.min(input.now, own(input.workers, mirror)?.heardAt ?? input.now);
}

/** True from the moment in which the site's region changes until its new mirror alone has it. */
function isMoving(input: PlannerInput, site: string): boolean {
  const mirror = own(input.control.sites, site)?.mirror;
  if (mirror === undefined) return false;
  const wanted = input.sites.get(site)?.mirror ?? mirror;
  return wanted !== mirror || isUnderWay(input, site);
}

/** It is on its way out of a mirror, or still to be; one that only has to begin to move is not. */
export function isUnderWay(input: PlannerInput, site: string): boolean {
  const assignment = own(input.control.sites, site);
  if (assignment === undefined) return false;
  const { mirror, moving } = assignment;
  return moving !== undefined || mirrorsWith(input, site).some((name) => name !== mirror);
}

/** The tree that stands in the mirror; undefined where there is none or the app is leaving. */
export function standingTree(entry: MirrorEntry | undefined): TreeId | undefined {
  return entry !== undefined && "tree" in entry ? entry.tree : undefined;
}

/** The tree that an app has at a site, or that comes along while the site moves or is forgotten. */
export function treeAt(
  { mirrors, control }: Pick<PlannerInput, "mirrors" | "control">,
  app: string,
  site: string,
): TreeId | undefined {
  const entry = own(own(mirrors, site), app);
  if (entry !== undefined) return standingTree(entry);
  return own(own(control.sites, site)?.moving?.trees, app);
}

/** The app is healthy there now: Healthy or Suspended, on a site that answers. */
export function isHealthy(view: SiteView, unknownBlocks: boolean): boolean {
  const { observed } = view;
  if (observed === undefined || !view.didAnswer) return false;
  if (unknownBlocks && observed.unverified > 0) return false;
  return observed.health === "Healthy" || observed.health === "Suspended";
}

/** It is healthy, and what the worker tells of is this tree: not another one, nor a mix of two versions. */
export function isHealthyOn(view: SiteView, tree: TreeId, unknownBlocks: boolean): boolean {
  return isHealthy(view, unknownBlocks) && view.observed?.tree === tree;
}

/** What the app is there now. An app of which nobody has told anything is not healthy. */
export function standingOf(view: SiteView, unknownBlocks: boolean): Standing {
  const { observed, entry } = view;
  if (observed === undefined) return standingTree(entry) === undefined ? "joining" : "unhealthy";
  if (!observed.everHealthy) return "joining";
  return isHealthy(view, unknownBlocks) ? "healthy" : "unhealthy";
}

/** It was healthy on this tree for at least `minReadyMs` at a stretch. */
export function hasBeenReady(
  view: SiteView,
  tree: TreeId,
  release: { readonly minReadyMs: number; readonly unknownBlocks: boolean },
): boolean {
  const { observed } = view;
  if (observed === undefined || observed.tree !== tree) return false;
  if (release.unknownBlocks && observed.unverified > 0) return false;
  const wasHealthy = isHealthy(view, false) || observed.longestHealthyMs > 0;
  return wasHealthy && observed.longestHealthyMs >= release.minReadyMs;
}
