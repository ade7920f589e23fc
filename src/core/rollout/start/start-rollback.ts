/**
 * Begins what brings an app back to an older release: the trees that its sites had then, all in one stage. In: what the
 * mirrors' history has of that release. Out: changes to control, or why it does not apply. Nothing is rendered; a site of
 * which there is no such tree stays, and an app that was not there is not brought.
 */
import type { TreeId } from "../../render/rendered.ts";
import { type AppBoard, changesOf, closeRelease, setBad, setCurrent } from "../board.ts";
import { conflict, type DecisionResult, done, missing } from "../decision-result.ts";
import { entitledRelease } from "../entitled-release.ts";
import { freezeStages } from "../freeze-stages.ts";
import { own } from "../own.ts";
import type { ResolvedStrategy, StartInput } from "../planner-types.ts";
import type { Release, ReleaseRef } from "../records.ts";
import { type SiteTree, withBadTrees, withoutBadTrees } from "../rollback/bad-trees.ts";
import { noTreeInWords, stayingAt } from "../rollback/staying-sites.ts";
import { treeAt } from "../site-view.ts";
import { countOf, someOf } from "../words.ts";
import { countDeletions } from "./count-deletions.ts";
import {
  beginRelease,
  candidateOf,
  newStartRun,
  openListBudgets,
  type StartRun,
} from "./start-run.ts";
import { takeSites, touchedBy } from "./take-over.ts";

/** An operator's word that an app goes back to a release. */
export interface RollbackOrder {
  readonly app: string;
  readonly to: ReleaseRef;
  readonly by: string;
  readonly why: string;
  /** At most one of these; neither: all sites. */
  readonly site?: string;
  readonly stage?: string;
  /** What stood at each site when that release was current. */
  readonly trees: Readonly<Record<string, TreeId>>;
  /** When the app was last changed at each site (ISO 8601). */
  readonly touched: Readonly<Record<string, string>>;
}

/** The one stage of what goes back. */
const stageName = "rollback";

/** Begins it; whatever of the app is under way is superseded, and its versions are not tried again, nor handed to anybody. */
export function startRollback(input: StartInput, order: RollbackOrder): DecisionResult {
  const real = input.strategyOf(order.app);
  const run = newStartRun({ ...input, strategyOf: () => backStrategy(real) });
  const app = run.board.apps.get(order.app);
  if (app === undefined) return missing(`the fleet has no app ${order.app}`, "see flotilla status");
  const scope = scopeOf(run, app, { order, stages: real.stages });
  if (!("sites" in scope)) return scope;
  const { list, stays } = divide(run, app, { order, sites: scope.sites });
  const left = staysInWords(order, stays);
  if (list.size === 0) {
    const hint = left === "" ? "there is nothing to do" : left;
    return conflict(`no site of ${order.app} goes back to ${order.to.id}`, hint);
  }
  const older = candidateOf(app);
  const touched = older === undefined ? new Map() : touchedBy(run.board, older);
  const why = `${order.app} goes back to ${order.to.id}: ${order.why}`;
  if (older !== undefined)
    closeRelease(run.board, older, { why: `${older.id} is stopped: ${why}` });
  if (!scope.isOnly) {
    noteBad(run, app, { order, sites: [...list.keys(), ...stays], older, why });
    makeCurrent(run, app, { order, stays, real });
  }
  const arriving = takeSites(run.board, app, { sites: new Set(list.keys()), kinds: [], why });
  const carried = Object.fromEntries([...touched].filter(([site]) => list.has(site)));
  beginRelease(run, app, {
    kind: "app",
    digest: order.to.digest,
    renderer: order.to.renderer,
    list,
    carried: { ...arriving, ...carried },
    openList: openListBudgets(real),
    backTo: backRecord(order, { list, stays, isOnly: scope.isOnly }),
  });
  countDeletions(run);
  const what = `${countOf(list.size, "site")} of ${order.app} ${list.size === 1 ? "goes" : "go"} back to ${order.to.id}`;
  return done(changesOf(run.board), left === "" ? what : `${what}; ${left}`);
}

/** Slots as in the last stage; no other budget, no gate. */
function backStrategy(real: ResolvedStrategy): ResolvedStrategy {
  const all = { percent: 100 };
  const stage = {
    name: stageName,
    take: { rest: true } as const,
    approval: false,
    soakMs: 0,
    failureBudget: all,
    maxInFlight: real.stages.at(-1)?.maxInFlight ?? { count: 0 },
    maxUnavailable: all,
  };
  return { ...real, stages: [stage], rollback: null };
}

interface Scope {
  readonly sites: readonly string[];
  readonly isOnly: boolean;
}

/** The sites that are meant, of those where the app stands and is to stay. */
function scopeOf(
  run: StartRun,
  app: AppBoard,
  { order, stages }: { order: RollbackOrder; stages: ResolvedStrategy["stages"] },
): Scope | DecisionResult {
  const placed = own(run.input.placedByHead, app.app);
  const refusal = notPlaced(order, placed) ?? underWay(app, order);
  if (refusal !== undefined) return refusal;
  const there = (placed ?? []).filter((site) => treeAt(run.input, app.app, site) !== undefined);
  if (order.site === undefined && order.stage === undefined) return { sites: there, isOnly: false };
  if (order.stage !== undefined) {
    return stageScope(run, there, { app: app.app, stages, stage: order.stage });
  }
  const sites = there.filter((site) => site === order.site);
  if (sites.length > 0) return { sites, isOnly: true };
  return missing(`${app.app} does not stand at ${order.site}`, `it stands at ${someOf(there)}`);
}

/** It leaves, or has left: what goes back does not bring it where the head does not have it. */
function notPlaced(
  { app, to }: RollbackOrder,
  placed: readonly string[] | undefined,
): DecisionResult | undefined {
  const nothing = `nothing of it goes back to ${to.id}`;
  if (placed === undefined) {
    const hint = `commit the App again, as it was in ${to.id}`;
    return conflict(`the followed head does not have ${app}: ${nothing}`, hint);
  }
  if (placed.length > 0) return undefined;
  const hint = "commit a placement that has the sites again";
  return conflict(`the followed head has ${app} at no site: ${nothing}`, hint);
}

/** A single site or stage goes back only where no candidate is on its way; and nothing twice. */
function underWay(app: AppBoard, order: RollbackOrder): DecisionResult | undefined {
  const under = candidateOf(app);
  if (under === undefined) return undefined;
  if (under.backTo?.release.id === order.to.id) {
    return conflict(`${app.app} goes back to ${order.to.id} already`, "see flotilla status");
  }
  if (order.site === undefined && order.stage === undefined) return undefined;
  const hint = "roll all of it back, or a single site without --to: to what was good there";
  return conflict(`${under.id} is under way`, hint);
}

/** The sites that a stage of the app's strategy takes of all of them. */
function stageScope(
  { board }: StartRun,
  there: readonly string[],
  at: { app: string; stages: ResolvedStrategy["stages"]; stage: string },
): Scope | DecisionResult {
  const sites = there.map((site) => {
    const { region = "", labels = {} } = board.input.sites.get(site) ?? {};
    return { site, region, labels, reachable: true };
  });
  const { stages, stageOf } = freezeStages({ strategy: at, app: at.app, sites });
  const names = stages.map(({ name }) => name);
  const index = names.indexOf(at.stage);
  if (index < 0) {
    return missing(`${at.app} has no stage ${at.stage}`, `stages: ${names.join(", ")}`);
  }
  return { sites: there.filter((site) => own(stageOf, site) === index), isOnly: true };
}

type List = ReadonlyMap<string, { readonly from: TreeId; readonly to: TreeId }>;

function divide(
  { input }: StartRun,
  app: AppBoard,
  { order, sites }: { order: RollbackOrder; sites: readonly string[] },
): { list: List; stays: string[] } {
  const list = new Map<string, { from: TreeId; to: TreeId }>();
  const stays: string[] = [];
  for (const site of sites) {
    const [from, to] = [treeAt(input, app.app, site), own(order.trees, site)];
    if (to === undefined) stays.push(site);
    else if (from !== undefined && from !== to) list.set(site, { from, to });
  }
  return { list, stays };
}

/** What the sites leave is not tried again, nor what the head wants; what they go to is forgiven. */
function noteBad(
  run: StartRun,
  app: AppBoard,
  {
    order,
    sites,
    older,
    why,
  }: {
    order: RollbackOrder;
    sites: readonly string[];
    older?: Release | undefined;
    why: string;
  },
): void {
  const left = sites.flatMap((site) => entitledRelease(app.current, site)?.digest ?? []);
  const wanted = own(run.input.desired, app.app)?.digest;
  const digests = new Set([
    ...app.bad,
    ...left,
    ...(older?.replaced ?? []),
    ...[older?.digest, wanted].flatMap((id) => id ?? []),
  ]);
  digests.delete(order.to.digest);
  const good = Object.entries(order.trees).map(([site, tree]) => ({ site, tree }));
  const bad = withBadTrees(app.badTrees, leftTrees(run, app, { order, sites }));
  const trees = withoutBadTrees(bad, good);
  setBad(run.board, app, { digests: [...digests].toSorted(), trees, why });
}

/** What the sites leave, or stay on for want of anything better; where one of these trees was good, it is so no more. */
function leftTrees(
  { input }: StartRun,
  app: AppBoard,
  { order, sites }: { order: RollbackOrder; sites: readonly string[] },
): SiteTree[] {
  const left = sites.flatMap((site) => {
    const tree = treeAt(input, app.app, site);
    return tree === undefined || tree === own(order.trees, site) ? [] : [{ site, tree }];
  });
  const trees = new Set(left.map(({ tree }) => tree));
  for (const site of sites) {
    const tree = own(own(input.good, site), app.app);
    if (tree !== undefined && trees.has(tree)) left.push({ site, tree });
  }
  return left;
}

/** From now on it is what everybody else is to have, too: nobody gets any more what the sites leave. */
function makeCurrent(
  { board, input }: StartRun,
  app: AppBoard,
  { order, stays, real }: { order: RollbackOrder; stays: string[]; real: ResolvedStrategy },
): void {
  const because = noTreeInWords({
    app: app.app,
    startedAt: board.at,
    backTo: { ...order, release: order.to },
  });
  const partial = stayingAt(
    app.current,
    stays.map((site) => [site, because]),
  );
  const openList = openListBudgets(real);
  // It may have been at sites where the head does not have the app any more.
  const placed = new Set(own(input.placedByHead, app.app));
  const once = Object.keys(order.trees).filter(
    (site) => input.sites.has(site) && !placed.has(site),
  );
  const unplaced = [...new Set([...(app.current.unplaced ?? []), ...once])].toSorted();
  const current = {
    ...app.current,
    release: { ...order.to },
    partial,
    openList,
    ...(unplaced.length === 0 ? {} : { unplaced }),
  };
  setCurrent(board, app, { current, why: `${order.to.id} is current` });
}

function backRecord(
  { to, by, why, touched }: RollbackOrder,
  { list, stays, isOnly }: { list: List; stays: readonly string[]; isOnly: boolean },
): NonNullable<Release["backTo"]> {
  const times = [...list.keys()].flatMap((site) => {
    const at = own(touched, site);
    return at === undefined ? [] : [[site, at] as const];
  });
  const only = isOnly ? { only: true } : {};
  return {
    release: { ...to },
    by,
    why,
    ...only,
    touched: Object.fromEntries(times),
    stays: [...stays],
  };
}

function staysInWords({ to }: RollbackOrder, stays: readonly string[]): string {
  if (stays.length === 0) return "";
  const words = `${countOf(stays.length, "site")} ${stays.length === 1 ? "stays" : "stay"} (${someOf(stays)})`;
  return `${words}: the mirrors' history has no tree of ${to.id} for them`;
}
