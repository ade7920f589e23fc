/** Begins a site release: sites whose objects change because their own data changed, whatever release they are on. */
import { canonicalJson } from "../../model/json.ts";
import type { TreeId } from "../../render/rendered.ts";
import { type AppBoard, setRelease } from "../board.ts";
import { own } from "../own.ts";
import type { ListEntry, Release } from "../records.ts";
import { isToGoBack } from "../rollback/stop-failed.ts";
import { treeAt } from "../site-view.ts";
import { beginRelease, candidateOf, type StartRun } from "./start-run.ts";
import { takeSites } from "./take-over.ts";

type Trees = { readonly from: TreeId; readonly to: TreeId };

/** Begins it, and rewrites the same sites in the open candidate. */
export function startSiteRelease(run: StartRun, app: AppBoard): void {
  const changed = changedSites(run, app);
  const candidate = candidateOf(app);
  const list = new Map<string, Trees>();
  for (const [site, to] of changed) {
    const from = treeAt(run.input, app.app, site);
    if (from !== undefined && from !== to && !isTouched(candidate, site))
      list.set(site, { from, to });
  }
  if (candidate !== undefined) rewriteCandidate(run, app, { candidate, changed, list });
  const sites = new Set([...changed.keys(), ...list.keys()]);
  if (sites.size === 0) return;
  const why = "the sites' data changed again";
  const carried = takeSites(run.board, app, { sites, kinds: ["site"], why });
  if (list.size > 0) begin(run, app, { list, carried });
}

function begin(
  run: StartRun,
  app: AppBoard,
  { list, carried }: { list: ReadonlyMap<string, Trees>; carried: Release["carried"] },
): void {
  const reference = app.current.release ?? candidateOf(app);
  beginRelease(run, app, {
    kind: "site",
    digest: reference?.digest ?? "",
    renderer: reference?.renderer ?? 0,
    list,
    carried: Object.fromEntries(Object.entries(carried).filter(([site]) => list.has(site))),
  });
}

/** Sites whose entitled tree changed with the head's site data, with the new one. */
function changedSites({ input }: StartRun, app: AppBoard): Map<string, TreeId> {
  const changed = new Map<string, TreeId>();
  const [entitled, before] = [own(input.entitled, app.app), own(input.entitledBefore, app.app)];
  const wanted = own(input.desired, app.app)?.sites;
  for (const [site, tree] of Object.entries(entitled ?? {})) {
    const old = own(before, site);
    if (old === undefined || old === tree) continue;
    if (input.headSites.has(site) && own(wanted, site) !== undefined) changed.set(site, tree);
  }
  return changed;
}

/** The candidate has changed the site, in a stage that has not passed, and it has not gone back: it is on the candidate. */
function isTouched(candidate: Release | undefined, site: string): boolean {
  const entry = own(candidate?.list, site);
  if (candidate === undefined || entry === undefined) return false;
  if (hasPassed(candidate, entry) || Object.hasOwn(candidate.back ?? {}, site)) return false;
  return Object.hasOwn(candidate.handed, site) || Object.hasOwn(candidate.carried, site);
}

interface Rewrite {
  readonly candidate: Release;
  readonly changed: ReadonlyMap<string, TreeId>;
  readonly list: Map<string, Trees>;
}

/** From and to tree of sites that wait follow the site's data; where the candidate is already, the site release goes. */
function rewriteCandidate(
  run: StartRun,
  app: AppBoard,
  { candidate, changed, list }: Rewrite,
): void {
  // It brings what stood then, and passes holds for that alone: anything newer comes as a site release.
  if (candidate.backTo !== undefined) return;
  const desired = own(run.input.desired, app.app);
  if (desired?.digest !== candidate.digest) return;
  const rewritten: Release["list"] = {};
  for (const [site, entry] of Object.entries(candidate.list)) {
    const to = own(desired.sites, site);
    if (to === undefined || hasPassed(candidate, entry)) continue;
    if (isTouched(candidate, site)) followTouched(run, { candidate, list }, { site, entry, to });
    else rewritten[site] = { ...entry, from: changed.get(site) ?? entry.from, to };
  }
  const next = { ...candidate, list: { ...candidate.list, ...rewritten } };
  if (canonicalJson(next.list) === canonicalJson(candidate.list)) return;
  setRelease(run.board, next, `${candidate.id} follows its sites' data`);
}

/** A site that is on a candidate under way already goes by the site release, from the candidate's tree. */
function followTouched(
  { begun }: StartRun,
  { candidate, list }: Pick<Rewrite, "candidate" | "list">,
  { site, entry, to }: { site: string; entry: ListEntry; to: TreeId },
): void {
  // Nothing more of a release that goes back is handed to anybody.
  if (candidate.goingBack !== undefined || isToGoBack(candidate, site)) return;
  const isNew = begun.some(({ app, id }) => app === candidate.app && id === candidate.id);
  if (!isNew && entry.to !== null && entry.to !== to) list.set(site, { from: entry.to, to });
}

function hasPassed({ stages, passed }: Release, { stage }: ListEntry): boolean {
  return Object.hasOwn(passed, stages[stage]?.name ?? "");
}
