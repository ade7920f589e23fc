/** Apps that stand at sites while neither control nor the followed head has them: nobody can tell what is to become of them. */
import type { Board } from "./board.ts";
import { own } from "./own.ts";
import { standingTree } from "./site-view.ts";
import { countOf, someOf } from "./words.ts";

/**
 * Says of each that it stays, and what a person can do. They left the fleet while control was lost, or
 * while a controller that had just started could not read what stands there.
 */
export function reportUnknownApps(board: Board): void {
  for (const [app, sites] of [...unknownApps(board)].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    board.waits.push({
      app,
      release: null,
      stage: null,
      site: null,
      code: "unknown-app",
      reason:
        `${app} stays at ${countOf(sites.length, "site")} (${someOf(sites.toSorted())}): it left the fleet repository ` +
        "while control was lost or their mirror could not be read, so nothing says that it is to leave them",
      endsWhen: `a commit declares ${app} again; the one after that may take it away`,
    });
  }
}

function unknownApps({ apps, input }: Board): ReadonlyMap<string, string[]> {
  const { mirrors, placedByHead, sites } = input;
  const found = new Map<string, string[]>();
  for (const [site, standing] of Object.entries(mirrors)) {
    // One that has left the fleet is let go of with all that it has.
    if (!sites.has(site)) continue;
    for (const [app, entry] of Object.entries(standing)) {
      if (standingTree(entry) === undefined) continue; // it leaves, by a word that was given before
      if (apps.has(app) || own(placedByHead, app) !== undefined) continue;
      found.set(app, [...(found.get(app) ?? []), site]);
    }
  }
  return found;
}
