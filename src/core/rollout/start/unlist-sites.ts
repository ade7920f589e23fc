import { type AppBoard, setCurrent } from "../board.ts";
import type { Release } from "../records.ts";
import type { StartRun } from "./start-run.ts";
import { takeSites } from "./take-over.ts";

const allKinds: readonly Release["kind"][] = ["app", "site", "removal"];

/** Sites that the head no longer declares are out of every list, and nothing is deleted there. */
export function unlistSites({ input, board }: StartRun, app: AppBoard): void {
  const isGone = (site: string): boolean => !input.headSites.has(site);
  const listed = [...app.open.values()].flatMap(({ list }) => Object.keys(list));
  const arrived = [...Object.keys(app.arrivals.handed), ...Object.keys(app.arrivals.failed)];
  const gone = new Set([...listed, ...arrived].filter(isGone));
  const why = "sites are no longer in the fleet";
  if (gone.size > 0) takeSites(board, app, { sites: gone, kinds: allKinds, why });
  if (!app.current.partial.some(({ sites }) => sites.some(isGone))) return;
  const partial = app.current.partial.map((entry) => ({
    ...entry,
    sites: entry.sites.filter((site) => !isGone(site)),
  }));
  setCurrent(board, app, { current: { ...app.current, partial }, why });
}
