/** Sites that went back from a release which itself goes on, or are to: they stay on what they had. */
import { type AppBoard, type Board, setCurrent, wakeAt } from "../board.ts";
import { own } from "../own.ts";
import type { Release } from "../records.ts";
import { goodAt } from "./good-at.ts";

/**
 * The sites that a release does not become current for, as an operator set them back, or because they went back with
 * what moves as one with it. A site that has nothing good to go back to is not among them: it has the release.
 */
export function sitesBack(board: Board, release: Release): ReadonlySet<string> {
  const { app, back, setBack } = release;
  const set = Object.keys(setBack ?? {}).filter(
    (site) => goodAt(board.input, board.apps.get(app), site) !== undefined,
  );
  return new Set([...Object.keys(back ?? {}), ...set]);
}

/** The release is no longer current at these sites. */
export function takeBackSites(board: Board, app: AppBoard, release: Release): void {
  const back = sitesBack(board, release);
  const isConcerned = (id: string, sites: readonly string[]): boolean =>
    id === release.id && sites.some((site) => back.has(site));
  const { current } = app;
  if (!current.partial.some(({ release: { id }, sites }) => isConcerned(id, sites))) return;
  const partial = current.partial.map((entry) =>
    entry.release.id === release.id
      ? { ...entry, sites: entry.sites.filter((site) => !back.has(site)) }
      : entry,
  );
  const why = `${release.id} is not current where it went back`;
  setCurrent(board, app, { current: { ...current, partial }, why });
  // What the sites are entitled to now shows in the next plan.
  app.isCompleted = true;
  wakeAt(board, board.input.now);
}

/** An open release has set the site back, or is to: nothing else moves it forth again. */
export function isSetBack({ back, setBack }: Release, site: string): boolean {
  return own(back, site) !== undefined || own(setBack, site) !== undefined;
}
