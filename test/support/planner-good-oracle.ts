/**
 * What is good at sites, told from the outside: who brought each tree that stood there, and what was left in health. Knows
 * nothing of what control has on record about trees.
 */
import assert from "node:assert/strict";
import { entitlements } from "../../src/core/rollout/entitled-release.ts";
import { own } from "../../src/core/rollout/own.ts";
import type { HandOver, PlannerInput, RolloutPlan } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { isToGoBack } from "../../src/core/rollout/rollback/stop-failed.ts";
import { treeAt } from "../../src/core/rollout/site-view.ts";
import { applyChanges } from "./control-state.ts";
import { goesBackNow } from "./planner-back-invariants.ts";

/** A release, and the version that it brings. */
interface Giver {
  readonly id: string;
  readonly digest: string;
}

interface Known {
  /** Tree -> who brought it last. */
  readonly givers: Map<string, Giver>;
  /** Trees that are a bad version's own there, though another one brought them. */
  readonly refused: Set<string>;
  /** Tree -> all who brought it, ever. */
  readonly all: Map<string, Giver[]>;
  good: { readonly tree: string; readonly giver: Giver } | null;
}

const newKnown = (): Known => ({
  givers: new Map(),
  all: new Map(),
  refused: new Set(),
  good: null,
});

type Step = HandOver["apps"][number];

/** Follows one app through all plans of a history. */
export class GoodOracle {
  readonly #sites = new Map<string, Known>();
  /** How often a site has gone back. */
  backs = 0;

  /** Looks at a plan; throws where a site goes back to what a bad release brought it. */
  readonly onPlan = (input: PlannerInput, plan: RolloutPlan): void => {
    const after = { ...input, control: applyChanges(input.control, plan.changes) };
    this.#noteCurrent(input);
    this.#noteRefused(after);
    for (const { site, apps } of plan.handOvers)
      for (const step of apps) this.#take({ before: input, after }, site, step);
  };

  /** Throws where a site that is to go back stands on what the bad release brought, though something else was good. */
  checkRest(input: PlannerInput): void {
    for (const release of input.control.apps["web"]?.open ?? []) {
      if (release.kind !== "app" || !isBad(input, release)) continue;
      for (const site of this.#sites.keys()) this.#checkSite(input, release, site);
    }
  }

  #checkSite(input: PlannerInput, release: Release, site: string): void {
    const isConcerned = isToGoBack(release, site) || own(release.list, site) === undefined;
    if (!isConcerned || input.sites.get(site) === undefined) return;
    const { givers, good } = this.#at(site);
    const tree = treeAt(input, "web", site);
    const isIts = tree !== undefined && givers.get(tree)?.id === release.id;
    if (!isIts || good === null || good.tree === tree) return;
    if (this.#isRefused(input, site, good.tree)) return;
    assert.fail(`${site} stays on ${tree} of ${release.id}, and ${good.tree} was good there`);
  }

  /** What a bad version has there is bad, whoever else brought it. */
  #isRefused(input: PlannerInput, site: string, tree: string): boolean {
    const { all, refused } = this.#at(site);
    return refused.has(tree) || (all.get(tree) ?? []).some((giver) => isBad(input, giver));
  }

  #at(site: string): Known {
    const known = this.#sites.get(site) ?? newKnown();
    this.#sites.set(site, known);
    return known;
  }

  /** What a site has, and is to have by what is current, is that release's, whoever brought it. */
  #noteCurrent(input: PlannerInput): void {
    for (const site of Object.keys(input.mirrors)) {
      const tree = treeAt(input, "web", site);
      if (tree === undefined || tree !== own(own(input.entitled, "web"), site)) continue;
      const [due, { givers }] = [dueAt(input, site), this.#at(site)];
      const giver = givers.get(tree);
      const isOpen = candidatesOf(input).some(({ id }) => id === giver?.id || id === due?.id);
      if (due !== null && !isOpen && !isBad(input, due)) givers.set(tree, due);
    }
  }

  /** A bad version is not to come back by another's hand. */
  #noteRefused(input: PlannerInput): void {
    for (const { list } of candidatesOf(input).filter((release) => isBad(input, release))) {
      for (const [site, { to }] of Object.entries(list)) {
        const { good, refused } = this.#at(site);
        if (to !== null && good?.tree === to) refused.add(to);
      }
    }
  }

  #take({ before, after }: Plan, site: string, { release: id, set }: Step): void {
    if (!("tree" in set)) return;
    const known = this.#at(site);
    const release = after.control.apps["web"]?.open.find((each) => each.id === id);
    if (release !== undefined && goesBackNow(after, release, site)) {
      this.backs += 1;
      const giver = known.givers.get(set.tree);
      assert.ok(giver, `nothing is known of ${set.tree} at ${site}`);
      assert.equal(isBad(after, giver), false, `${site} goes back to ${set.tree} of ${giver.id}`);
      return;
    }
    this.#leave(before, after, site);
    const isRelease = release !== undefined && release.kind === "app";
    const giver = isRelease ? release : this.#giverOf(before, { site, tree: set.tree });
    if (giver === null) return;
    known.givers.set(set.tree, { id: giver.id, digest: giver.digest });
    known.all.set(set.tree, [...(known.all.get(set.tree) ?? []), giver]);
  }

  /** The site leaves what stands there. */
  #leave(before: PlannerInput, after: PlannerInput, site: string): void {
    const known = this.#at(site);
    const tree = treeAt(before, "web", site);
    const giver = known.givers.get(tree ?? "");
    if (tree === undefined || giver === undefined || !isWell(before, { site, tree })) return;
    const isOnTrial = candidatesOf(before).some(({ id }) => id === giver.id);
    if (!isOnTrial && !isBad(after, giver)) known.good = { tree, giver };
  }

  /** Whose tree comes by a site release or the open list: that of what the site has, or is entitled to. */
  #giverOf(input: PlannerInput, { site, tree }: { site: string; tree: string }): Giver | null {
    const standing = this.#at(site).givers.get(treeAt(input, "web", site) ?? "");
    const due = dueAt(input, site);
    const candidate = candidatesOf(input).find(({ id }) => id === standing?.id);
    if (candidate === undefined || candidate.goingBack !== undefined) return due;
    const isDue = own(own(input.entitled, "web"), site) === tree;
    return isDue && due?.id !== candidate.id && own(candidate.back, site) ? due : candidate;
  }
}

interface Plan {
  readonly before: PlannerInput;
  readonly after: PlannerInput;
}

function isWell({ observed }: PlannerInput, at: { site: string; tree: string }): boolean {
  const seen = own(observed, at.site);
  const app = own(seen?.apps, "web");
  return seen?.reachable === true && app?.health === "Healthy" && app.tree === at.tree;
}

function candidatesOf({ control }: PlannerInput): readonly Release[] {
  return (control.apps["web"]?.open ?? []).filter(({ kind }) => kind === "app");
}

function isBad({ control }: PlannerInput, { digest }: Giver): boolean {
  return control.apps["web"]?.bad.includes(digest) === true;
}

function dueAt({ control, sites }: PlannerInput, site: string): Giver | null {
  const app = control.apps["web"];
  const labels = sites.get(site)?.labels ?? {};
  return app === undefined ? null : entitlements(app)(site, labels);
}
