/**
 * What `startReleases` is asked for a preview: the base is what is followed, each app's base version is current at all
 * of its sites, and every site answers and is healthy. Nothing is under way, or held but by files of the repository.
 */
import { keptIds } from "../apply/kept-objects.ts";
import { madeAnewIds } from "../apply/made-anew.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import type { ObjectId } from "../model/kube-object.ts";
import { fleetContext } from "../render/app-parts.ts";
import { renderPlacedApp } from "../render/render-app.ts";
import {
  type RenderedFleet,
  type TreeId,
  type Variant,
  rendererNumber,
} from "../render/rendered.ts";
import { declaredHolds } from "./declared-holds.ts";
import type { ToolOutputs } from "../render/tools/tool-output.ts";
import type { AppControl, ControlState, DesiredApp, StartInput } from "../rollout/planner-types.ts";
import {
  deletionBudget,
  dependencies,
  fleetBudgets,
  grantedBudgets,
  siteFacts,
} from "../rollout/fleet-facts.ts";
import { verbsOf } from "../rollout/removal-verbs.ts";
import { resolveStrategy } from "../rollout/resolve-strategy.ts";

/** The revision of files as they lie in a folder. */
export const workTree = "work tree";

/** One revision of a fleet, rendered. */
export interface PlanSide {
  /** Names it in the plan: a commit, or `workTree`. */
  readonly revision: string;
  readonly model: FleetModel;
  readonly rendered: RenderedFleet;
  /** What its tools gave; for a base, at the sites as the head has them too. */
  readonly tools?: ToolOutputs;
}

type Trees = Readonly<Record<string, Readonly<Record<string, TreeId>>>>;

export interface AssumedFleet {
  /** null: nothing. */
  readonly base: PlanSide | null;
  readonly head: PlanSide;
  readonly isProtected: (object: ObjectId) => boolean;
  /** When the head begins to be followed (ms). */
  readonly now: number;
}

/** The planner's input for going from the base to the head. */
export function assumedState({ base, head, isProtected, now }: AssumedFleet): StartInput {
  const headSites = siteFacts(head.model);
  const granting = base ?? head;
  const sides = base === null ? [head] : [base, head];
  return {
    now,
    control: {
      ...control(base, now),
      holds: declaredHolds(base, head, new Date(now).toISOString()),
    },
    sites: headSites,
    mirrors: bySite(base?.rendered),
    observed: {},
    workers: liveWorkers(sides),
    budgets: base === null ? fleetBudgets(head.model) : grantedBudgets(base.model, head.model),
    deletionBudget: deletionBudget(granting.model),
    dependsOn: dependencies(head.model),
    dependedBefore: dependencies(granting.model),
    ...(base === null ? nothingBefore : standing(base, head.model)),
    objectsOf: byTree(sides, ({ objects }) => new Set(objects.map(({ id }) => id)), noIds),
    keptOf: byTree(sides, ({ objects }) => keptIds(objects), noIds),
    madeAnewOf: byTree(sides, ({ objects }) => madeAnewIds(objects), undefined),
    head: head.revision,
    previousHead: base?.revision ?? null,
    desired: desired(head.rendered),
    headSites,
    ...(base === null ? {} : { sitesBefore: siteFacts(base.model) }),
    strategyOf: (app) => resolveStrategy(granting.model, app),
    newestStrategyOf: (app) =>
      head.model.apps.has(app) ? resolveStrategy(head.model, app) : undefined,
    isProtected,
  };
}

type Standing = Pick<StartInput, "entitled" | "entitledBefore" | "onRemoval">;

const nothingBefore: Standing = { entitled: {}, entitledBefore: {}, onRemoval: {} };

function standing(base: PlanSide, head: FleetModel): Standing {
  return {
    entitled: entitled(base, head),
    entitledBefore: byApp(base.rendered),
    onRemoval: Object.fromEntries(verbsOf(base.model)),
  };
}

function control(base: PlanSide | null, now: number): ControlState {
  const empty = { epoch: 1, holds: [], workers: {} };
  if (base === null) return { ...empty, head: null, apps: {}, sites: {} };
  const { revision, model, rendered } = base;
  const apps = [...rendered.apps].map(([app, { inputDigest }]): [string, AppControl] => {
    const release = { id: app, digest: inputDigest, renderer: rendererNumber, source: revision };
    return [app, { current: { release, partial: [] }, open: [], bad: [] }];
  });
  const sites = [...model.sites].map(([site, { value }]) => [site, { mirror: value.spec.region }]);
  return {
    ...empty,
    head: { commit: revision, at: new Date(now).toISOString() },
    apps: Object.fromEntries(apps),
    sites: Object.fromEntries(sites) as ControlState["sites"],
  };
}

function liveWorkers(sides: readonly PlanSide[]): StartInput["workers"] {
  const regions = sides.flatMap(({ model }) => [...model.regions.keys()]);
  return Object.fromEntries(regions.map((region) => [region, { silentSince: null, stopped: {} }]));
}

function bySite(rendered: RenderedFleet | undefined): StartInput["mirrors"] {
  const sites: Record<string, Record<string, { tree: TreeId }>> = {};
  for (const [app, { sites: trees }] of rendered?.apps ?? []) {
    for (const [site, tree] of trees) (sites[site] ??= {})[app] = { tree };
  }
  return sites;
}

function byApp(rendered: RenderedFleet): Trees {
  const apps = [...rendered.apps].map(([app, { sites }]) => [app, Object.fromEntries(sites)]);
  return Object.fromEntries(apps) as Trees;
}

/** What the versions of the base give the sites as the head declares them. */
function entitled(base: PlanSide, head: FleetModel): Trees {
  const context = fleetContext(base.model, head, { tools: base.tools });
  const apps = [...base.rendered.apps.keys()].map((app) => {
    const result = renderPlacedApp(context, app);
    // The base has rendered for its own sites; a mistake that only new site data brings out is not the head's version.
    return [app, result.ok ? Object.fromEntries(result.value.app.sites) : {}];
  });
  return Object.fromEntries(apps) as Trees;
}

const noIds: ReadonlySet<ObjectId> = new Set();

/** Something of a tree that one of the sides renders, made when it is asked for; `other` of any other tree. */
function byTree<Taken, Other>(
  sides: readonly PlanSide[],
  take: (variant: Variant) => Taken,
  other: Other,
): (tree: TreeId) => Taken | Other {
  const taken = new Map<TreeId, Taken>();
  return (tree) => {
    const known = taken.get(tree);
    if (known !== undefined) return known;
    const variant = sides.map(({ rendered }) => rendered.variants.get(tree)).find(Boolean);
    if (variant === undefined) return other;
    const made = take(variant);
    taken.set(tree, made);
    return made;
  };
}

function desired(rendered: RenderedFleet): Readonly<Record<string, DesiredApp>> {
  const apps = [...rendered.apps].map(([app, { inputDigest, sites }]): [string, DesiredApp] => [
    app,
    { digest: inputDigest, renderer: rendererNumber, sites: Object.fromEntries(sites) },
  ]);
  return Object.fromEntries(apps);
}
