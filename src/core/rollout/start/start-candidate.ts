/** Begins an app release when the head wants another one than is current or under way. */
import type { TreeId } from "../../render/rendered.ts";
import { type AppBoard, closeRelease, setCurrent } from "../board.ts";
import { grantedStrategy } from "../checks/release-checks.ts";
import { own } from "../own.ts";
import type { AppVersion, DesiredApp } from "../planner-types.ts";
import type { Release, ReleaseRef } from "../records.ts";
import { releaseName } from "../release-names.ts";
import { treeAt } from "../site-view.ts";
import { beginRelease, candidateOf, openListBudgets, type StartRun } from "./start-run.ts";
import { takeSites, touchedBy } from "./take-over.ts";

/** True when the head's version of the app has been found bad: neither it nor its placement is followed. */
export function isRefused(app: AppBoard, desired: AppVersion | undefined): boolean {
  return desired !== undefined && isNew(app, desired) && app.bad.includes(desired.digest);
}

function isNew(app: AppBoard, { digest, renderer }: AppVersion): boolean {
  const candidate = candidateOf(app);
  // One that sets a few sites back says nothing of what is current for the others.
  const reference =
    candidate?.backTo?.only === true ? app.current.release : (candidate ?? app.current.release);
  return reference?.digest !== digest || reference.renderer !== renderer;
}

/** Begins the candidate, or makes it current at once when it changes no site; a candidate under way is superseded. */
export function startCandidate(run: StartRun, app: AppBoard, returning: Release["carried"]): void {
  const desired = own(run.input.desired, app.app);
  if (desired === undefined || !isNew(app, desired)) return;
  if (isRefused(app, desired)) {
    run.refused.push(app.app);
    run.notes.push(`${app.app}: this version is known to be bad and is not tried again`);
    return;
  }
  const { board, input } = run;
  const older = candidateOf(app);
  const touched =
    older === undefined ? new Map<string, Release["carried"][string]>() : touchedBy(board, older);
  const list = listOf(run, app, { desired, touched });
  const { digest, renderer } = desired;
  const id = releaseName(
    { kind: "app", app: app.app, digest, head: input.head },
    { current: app.current, open: [...app.open.values()], bad: app.bad },
  );
  if (older !== undefined) {
    closeRelease(board, older, { why: `${older.id} is superseded by ${id}` });
    run.notes.push(`${older.id} is superseded`);
  }
  if (list.size === 0) {
    makeCurrent(run, app, { id, digest, renderer, source: input.head });
    return;
  }
  const sites = new Set(list.keys());
  const arriving = takeSites(board, app, { sites, kinds: [], why: `${id} takes its sites over` });
  const carried = {
    ...arriving,
    ...onlyAt(sites, returning),
    ...onlyAt(sites, Object.fromEntries(touched)),
  };
  beginRelease(run, app, {
    kind: "app",
    digest,
    renderer,
    list,
    carried,
    ...replacedBy(digest, older),
  });
}

/** The versions that sites may still have of what it replaces. */
function replacedBy(digest: string, older: Release | undefined): { replaced?: readonly string[] } {
  if (older === undefined) return {};
  const isSomewhere = older.backTo === undefined && Object.keys(older.handed).length > 0;
  const all = new Set([...(older.replaced ?? []), ...(isSomewhere ? [older.digest] : [])]);
  all.delete(digest);
  return all.size === 0 ? {} : { replaced: [...all] };
}

function onlyAt(sites: ReadonlySet<string>, records: Release["carried"]): Release["carried"] {
  return Object.fromEntries(Object.entries(records).filter(([site]) => sites.has(site)));
}

type Trees = { readonly from: TreeId | null; readonly to: TreeId };

/**
 * Sites whose objects the release changes: measured against what they are entitled to, so that a site that is only
 * behind is no part of it; and those that a superseded candidate has changed. Joiners are the open list's.
 */
function listOf(
  run: StartRun,
  app: AppBoard,
  { desired, touched }: { desired: DesiredApp; touched: ReadonlyMap<string, unknown> },
): Map<string, Trees> {
  const list = new Map<string, Trees>();
  const entitled = own(run.input.entitled, app.app);
  for (const [site, to] of Object.entries(desired.sites)) {
    if (!run.input.headSites.has(site)) continue;
    const [from, due] = [treeAt(run.input, app.app, site), own(entitled, site)];
    const isJoiner = from === undefined && due !== undefined;
    const isChanged = to !== due || (touched.has(site) && from !== to);
    if (!isJoiner && isChanged) list.set(site, { from: from ?? null, to });
  }
  return list;
}

function makeCurrent(run: StartRun, app: AppBoard, release: ReleaseRef): void {
  const openList = openListBudgets(grantedStrategy(run.input, app.app));
  const why = `${release.id} changes no site: it is current at once`;
  setCurrent(run.board, app, { current: { release, partial: [], openList }, why });
  run.notes.push(why);
}
