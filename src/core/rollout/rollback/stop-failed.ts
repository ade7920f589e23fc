/**
 * A stage that fails too often stops its release for good: it goes back, as its strategy says, and its input digest is
 * not tried again. That is recorded once, whatever becomes of the budgets later; what goes back already by a word for
 * other sites goes back by both.
 */
import { type AppBoard, type Board, setBad, setCurrent, wakeAt } from "../board.ts";
import { own } from "../own.ts";
import type { BackWord, Release, RollbackScope } from "../records.ts";
import { viewSite, standingTree, treeAt } from "../site-view.ts";
import { editMembers } from "../stage-run.ts";
import { releasesOf, sitesByStage, type Unit, unitSite } from "../units.ts";
import { countOf, someOf } from "../words.ts";
import { backWordAt, backWords, holdsForStage, withBackWord } from "./back-words.ts";
import { type SiteTree, withBadTrees } from "./bad-trees.ts";
import { broughtSites, broughtTo } from "./brought.ts";

/** Lets the unit go back when more of the stage's sites failed than may. */
export function stopFailed(board: Board, unit: Unit, index: number): void {
  const releases = releasesOf(board, unit);
  const [stage, scope] = [releases[0]?.stages[index], scopeOf(releases)];
  if (stage === undefined || scope === null) return;
  const failed = (sitesByStage(board, releases)[index] ?? []).filter((site) =>
    unitSite(board, releases, site).parts.some(({ state }) => state.kind === "failed"),
  );
  const over = failedTooOften(releases, { index, failed });
  if (over === undefined) return;
  const isGoing = (release: Release): boolean =>
    release.kind === "removal" ||
    backWords(release).some((word) => holdsForStage(word, stage.name));
  // What stopped once stays stopped: there is nothing to look at again.
  if (releases.every(isGoing)) return;
  const name = releases.length > 1 ? `${stage.name} of ${over.app}` : stage.name;
  const why = `${countOf(over.failed.length, "site")} of stage ${name} failed (${someOf(over.failed)}), its failureBudget is ${over.most}`;
  const word = { at: board.at, scope, ...(scope === "stage" ? { stage: stage.name } : {}), why };
  editMembers(board, unit, (release) =>
    isGoing(release)
      ? undefined
      : { release: sentBack(release, word), why: `${release.id} goes back: ${why}` },
  );
  settleGoingBack(board, releasesOf(board, unit));
  wakeAt(board, board.input.now);
}

/** The first release of which more sites failed than its own budget of the stage allows. */
function failedTooOften(
  releases: readonly Release[],
  { index, failed }: { index: number; failed: readonly string[] },
): { app: string; failed: readonly string[]; most: number } | undefined {
  for (const { app, list, stages } of releases) {
    const sites = failed.filter((site) => Object.hasOwn(list, site));
    const most = stages[index]?.failureBudget ?? 0;
    if (sites.length > most) return { app, failed: sites, most };
  }
  return undefined;
}

/** The widest that a member wants; null where one wants its sites to stay: what moves as one goes back as one. */
function scopeOf(releases: readonly Release[]): RollbackScope | null {
  const scopes = releases.flatMap(({ kind, rollback }) =>
    kind === "removal" ? [] : [rollback ?? null],
  );
  if (scopes.length === 0 || scopes.includes(null)) return null;
  return (["all", "stage", "failed"] as const).find((scope) => scopes.includes(scope)) ?? null;
}

/**
 * The release as it goes back: what it has recorded and no mirror has is not handed over any more, and what was approved
 * was approved for going forward.
 */
export function sentBack(release: Release, word: BackWord): Release {
  const next = withBackWord(release, word);
  if (release.goingBack !== undefined) return next;
  const approvals = release.approvals.filter(({ what }) => what !== "deletions");
  return { ...next, approvals, deletions: { objects: 0 } };
}

/** Brings what follows from going back up to date: what is bad, what is current, what was not carried out. */
export function settleGoingBack(board: Board, releases: readonly Release[]): void {
  for (const release of releases) {
    const app = board.apps.get(release.app);
    if (app === undefined || release.goingBack === undefined || release.kind !== "app") continue;
    noteBad(board, app, release);
    takeBackPromotion(board, app, release);
  }
}

/** What is current is not bad for having failed where it was brought back: it is what other sites stand on, and go back to. */
function noteBad(board: Board, app: AppBoard, release: Release): void {
  const { digest, renderer } = app.current.release ?? {};
  if (digest === release.digest && renderer === release.renderer) return;
  const digests = new Set([...app.bad, release.digest]);
  const trees = withBadTrees(app.badTrees, itsTrees(board, release));
  if (digests.size === app.bad.length && trees === app.badTrees) return;
  const why = `${release.id} is bad: it is not tried again until ${app.app} changes`;
  setBad(board, app, { digests: [...digests].toSorted(), trees, why });
}

/** What it brought, and what it was to bring where that is there already: by an earlier release of the same version. */
function itsTrees({ input }: Board, release: Release): SiteTree[] {
  const found = [...broughtSites(release)].flatMap((site) =>
    broughtTo(release, site).map((tree) => ({ site, tree })),
  );
  for (const [site, { to }] of Object.entries(release.list)) {
    if (to === null) continue;
    const isThere =
      own(release.carried, site) !== undefined && treeAt(input, release.app, site) === to;
    const wasGood = own(own(input.good, site), release.app) === to;
    if (isThere || wasGood) found.push({ site, tree: to });
  }
  return found;
}

/** A bad release is current only where it stands and stays; nobody else gets it. */
function takeBackPromotion(board: Board, app: AppBoard, release: Release): void {
  const { current } = app;
  const stays = (site: string): boolean => {
    const standing = standingTree(viewSite(board.input, app.app, site).entry);
    return standing === own(release.list, site)?.to && !isToGoBack(release, site);
  };
  let changed = false;
  const partial = current.partial.flatMap((entry) => {
    if (entry.release.id !== release.id || isLeftOut(release, entry.stage)) return [entry];
    const sites = entry.sites.filter(stays);
    if (sites.length === entry.sites.length && entry.selector === undefined) return [entry];
    changed = true;
    const { selector: _, ...rest } = entry;
    return sites.length === 0 ? [] : [{ ...rest, sites }];
  });
  if (!changed) return;
  const why = `${release.id} is current only where it stays`;
  setCurrent(board, app, { current: { ...current, partial }, why });
  // What the sites are entitled to now shows in the next plan.
  app.isCompleted = true;
  wakeAt(board, board.input.now);
}

/** Former versions promoted a candidate so to sites that it leaves out. */
function isLeftOut({ stages }: Release, stage: string): boolean {
  return stage === "left" && !stages.some(({ name }) => name === stage);
}

/** The site has got the release, and is one of those that go back. */
export function isToGoBack(release: Release, site: string): boolean {
  const hasGot = Object.hasOwn(release.list, site) && broughtTo(release, site).length > 0;
  if (release.kind === "removal" || !hasGot) return false;
  return own(release.setBack, site) !== undefined || backWordAt(release, site) !== undefined;
}
