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
  const isOfSome = ofSome(all.map(({ diagnostics }) => diagnostics));
  for (const { diagnostics, sites } of all) {
    for (const each of diagnostics) mistakes.tell(each, sites, isOfSome(each));
  }
  return mistakes.diagnostics();
}

/** Tells of a mistake whether only some of these have it. */
export function ofSome(
  all: readonly (readonly Diagnostic[])[],
): (diagnostic: Diagnostic) => boolean {
  const counts = new Map<string, number>();
  for (const diagnostics of all) {
    for (const id of new Set(diagnostics.map((each) => JSON.stringify(each)))) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return (diagnostic) => counts.get(JSON.stringify(diagnostic)) !== all.length;
}
