/**
 * Sites that leave the fleet with what they have: a head does not declare them any more, and the one followed before it
 * says `decommission: delete` of them. Until their apps have left by removal releases they go on to be sites of the fleet,
 * as that head had them; then they are forgotten like any other (RELEASES, section 9).
 */
import { type Board, change } from "./board.ts";
import { controlPaths } from "./control-files.ts";
import { own } from "./own.ts";
import type { ControlState, FactsBySite, SiteFacts, StartInput } from "./planner-types.ts";
import type { SiteAssignment } from "./site-assignment.ts";
import { isMirrorAwaited } from "./site-view.ts";

/** The sites of a head, and those that leave; the same map where none does. */
export function withLeavingSites(declared: FactsBySite, sites: ControlState["sites"]): FactsBySite {
  const leaving = Object.entries(sites).flatMap(([site, assignment]): [string, SiteFacts][] =>
    assignment.leaving === undefined || declared.has(site)
      ? []
      : [[site, { ...assignment.leaving.facts, leaves: true }]],
  );
  return leaving.length === 0 ? declared : new Map([...declared, ...leaving]);
}

/**
 * The input with the sites that begin to leave with its head, and these. None leaves, also none that has begun to, of which
 * a commit in between says otherwise; and none at all where control was recovered: what was said last may be lost then.
 */
export function beginLeaving(given: StartInput): {
  readonly input: StartInput;
  readonly begun: FactsBySite;
} {
  const isKept = (site: string): boolean =>
    given.awaitsHead !== undefined || given.skipped?.kept.has(site) === true;
  const input = { ...given, ...withoutLeavers(given, isKept) };
  const { sites, headSites, sitesBefore, control } = input;
  const begun = new Map<string, SiteFacts>();
  for (const [site, facts] of sitesBefore ?? []) {
    if (facts.decommission !== true || headSites.has(site) || isKept(site)) continue;
    const assignment = own(control.sites, site);
    if (assignment === undefined || assignment.moving?.forgotten !== undefined) continue;
    begun.set(site, { ...facts, leaves: true });
  }
  if (begun.size === 0) return { input, begun };
  const joined = (declared: FactsBySite): FactsBySite => new Map([...declared, ...begun]);
  return { input: { ...input, sites: joined(sites), headSites: joined(headSites) }, begun };
}

function withoutLeavers(
  { sites, headSites }: StartInput,
  isKept: (site: string) => boolean,
): Pick<StartInput, "sites" | "headSites"> {
  const staying = (all: FactsBySite): FactsBySite =>
    new Map([...all].filter(([site, { leaves }]) => leaves !== true || !isKept(site)));
  return { sites: staying(sites), headSites: staying(headSites) };
}

/** Puts on record that they leave. */
export function noteLeaving(board: Board, head: string, begun: FactsBySite): void {
  for (const [site, { region, mirror, labels, suspend, timeZone }] of begun) {
    const assignment = own(board.input.control.sites, site);
    if (assignment === undefined) continue;
    const zone = timeZone === undefined ? {} : { timeZone };
    const facts = { region, mirror, labels: { ...labels }, suspend, ...zone };
    const record = { ...assignment, leaving: { head, at: board.at, facts } };
    change(board, controlPaths.site(site), {
      record,
      why: `${site} leaves the fleet: its apps leave it first`,
    });
  }
}

/** Those that the head declares again leave no more: should a later one not have them, what counts is said anew. */
export function noteReturned(board: Board): void {
  const { sites, control } = board.input;
  for (const [site, assignment] of Object.entries(control.sites)) {
    const facts = sites.get(site);
    if (assignment.leaving === undefined || facts === undefined || facts.leaves === true) continue;
    const record = withoutLeaving(assignment);
    change(board, controlPaths.site(site), { record, why: `${site} is back in the fleet` });
  }
}

/** Nothing of it stands any more, and its mirror is known to be the newest. */
export function isEmptied({ input }: Board, site: string, { mirror }: SiteAssignment): boolean {
  if (isMirrorAwaited(input, mirror)) return false;
  return Object.keys(own(input.mirrors, site) ?? {}).length === 0;
}

/** As if it had never left. */
export function withoutLeaving(assignment: SiteAssignment): SiteAssignment {
  const { leaving: _, ...rest } = assignment;
  return rest;
}
