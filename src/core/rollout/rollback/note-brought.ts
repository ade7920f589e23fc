import { type AppBoard, type Board, setBad, setRelease } from "../board.ts";
import { entitledRelease, entitlements } from "../entitled-release.ts";
import type { Release } from "../records.ts";
import { type SiteTree, withBadTrees } from "./bad-trees.ts";
import { broughtTo, withBrought } from "./brought.ts";

/**
 * The open list, or a site release, brings trees to sites. Where a site is entitled to a candidate, that one has brought
 * it; where it stays on a bad release, what comes is as bad as that.
 */
export function noteBrought(board: Board, app: AppBoard, found: readonly SiteTree[]): void {
  noteBadAgain(board, app, found);
  const candidate = [...app.open.values()].find(({ kind }) => kind === "app");
  if (candidate === undefined) return;
  const its = found.filter(
    ({ site, tree }) =>
      isEntitledTo(board, app, { candidate, site }) && !broughtTo(candidate, site).includes(tree),
  );
  if (its.length === 0) return;
  const sites = its.map(({ site }) => site).join(", ");
  const next = { ...candidate, ...withBrought(candidate, its) };
  setRelease(board, next, `${candidate.id} has come to ${sites}`);
}

function noteBadAgain(board: Board, app: AppBoard, found: readonly SiteTree[]): void {
  if (app.bad.length === 0) return;
  const bad = found.filter(({ site }) => {
    const due = entitledRelease(app.current, site);
    return due !== null && app.bad.includes(due.digest);
  });
  const trees = withBadTrees(app.badTrees, bad);
  if (trees === app.badTrees) return;
  const why = `what is bad follows the data of ${bad.map(({ site }) => site).join(", ")}`;
  setBad(board, app, { digests: app.bad, trees, why });
}

function isEntitledTo(
  { input }: Board,
  { current, open }: AppBoard,
  { candidate, site }: { candidate: Release; site: string },
): boolean {
  const isIts = ({ release }: { readonly release: { readonly id: string } }): boolean =>
    release.id === candidate.id;
  if (!current.partial.some((entry) => isIts(entry))) return false;
  if (entitledRelease(current, site)?.id === candidate.id) return true;
  // A joiner belongs to the stage whose selector matches it.
  if (Object.hasOwn(candidate.list, site)) return false;
  const { labels = {} } = input.sites.get(site) ?? {};
  return entitlements({ current, open: [...open.values()] })(site, labels)?.id === candidate.id;
}
