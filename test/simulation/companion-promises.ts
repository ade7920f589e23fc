/** What comes along when a site moves is what its apps had there before, and nobody has let go of since. */
import type { ControlState } from "../../src/core/rollout/planner-types.ts";
import type { MirrorCommit, SiteTrees } from "./mirror-reader.ts";

type Sites = MirrorCommit["sites"];

interface Change {
  readonly site: string;
  readonly old: SiteTrees | undefined;
  readonly content: SiteTrees;
}

/** Looks at each commit of each mirror, in the order in which they are made. */
export class CompanionAuditor {
  /** Site -> app -> the trees that it stood with, in any mirror, since it was last let go of; in their order. */
  readonly #stood = new Map<string, Map<string, string[]>>();

  /** Throws where something came along that was not there before the tree which it came with. */
  look(
    { before, after, mirror }: { before: Sites; after: Sites; mirror: string },
    control: ControlState,
  ): void {
    for (const site of before.keys()) {
      const isForgotten = control.sites[site]?.moving?.forgotten !== undefined;
      if (!after.has(site) && isForgotten) this.#stood.delete(site);
    }
    for (const [site, content] of after) {
      const old = before.get(site);
      if (old !== content) this.#lookAt(`at ${site} in ${mirror}`, { site, old, content }); // else of the same ids
    }
  }

  #lookAt(where: string, change: Change): void {
    const { site, old, content } = change;
    // What a story begins with was committed before anybody looked.
    if (old !== undefined && !this.#stood.has(site)) this.#note(site, old);
    for (const app of old?.apps.keys() ?? []) {
      if (!content.apps.has(app)) this.#stood.get(site)?.delete(app);
    }
    this.#note(site, content);
    this.#check(where, change);
  }

  #note(site: string, { apps }: SiteTrees): void {
    const known = this.#stood.get(site) ?? new Map<string, string[]>();
    this.#stood.set(site, known);
    for (const [app, entry] of apps) {
      if (!("tree" in entry)) continue;
      const trees = known.get(app) ?? [];
      if (trees.at(-1) !== entry.tree) trees.push(entry.tree);
      known.set(app, trees);
    }
  }

  #check(where: string, { site, old, content }: Change): void {
    for (const [app, trees] of content.came) {
      const stood = this.#stood.get(site)?.get(app) ?? [];
      for (const tree of trees) {
        if (old?.came.get(app)?.includes(tree) === true) continue;
        if (stood.slice(0, -1).includes(tree)) continue;
        throw new Error(`${tree} of ${app} came along ${where}, and had not stood there before`);
      }
    }
  }
}
