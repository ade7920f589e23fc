/** What is wrong with what a tool gives for each kind of site -> diagnostics, with the sites where not all get it. */
import type { Diagnostic } from "../../model/diagnostic.ts";
import { SiteMistakes } from "../site-mistakes.ts";

/** Of some sites of an app, which get the same. */
export interface ToldOfSites {
  readonly diagnostics: readonly Diagnostic[];
  readonly sites: readonly string[];
}

/** Mistakes that are the same at all sites are told without one. */
export function toldAtSites(all: readonly ToldOfSites[]): readonly Diagnostic[] {
  const mistakes = new SiteMistakes();
  const counts = new Map<string, number>();
  const own = all.map(({ diagnostics, sites }) => {
    const byId = new Map(diagnostics.map((each) => [JSON.stringify(each), each]));
    for (const id of byId.keys()) counts.set(id, (counts.get(id) ?? 0) + 1);
    return { byId, sites };
  });
  for (const { byId, sites } of own) {
    for (const [id, diagnostic] of byId) {
      mistakes.tell(diagnostic, sites, counts.get(id) !== all.length);
    }
  }
  return mistakes.diagnostics();
}
