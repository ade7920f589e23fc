/** Gathers the input for starting releases: what a new head renders to, against what its predecessor grants. */
import type { ObjectId } from "../core/model/kube-object.ts";
import type { RenderedApp } from "../core/render/rendered.ts";
import type { AppControl, DesiredApp, StartInput } from "../core/rollout/planner-types.ts";
import type { RemovalVerb } from "../core/rollout/records.ts";
import { own } from "../core/rollout/own.ts";
import { resolveStrategy } from "../core/rollout/resolve-strategy.ts";
import type { SiteTrees } from "./entitlement.ts";
import { deletionBudget, dependencies } from "../core/rollout/fleet-facts.ts";
import { plannerInput, type ReadState, versionOf } from "./planner-input.ts";
import type { Rendering, ValidHead } from "./rendering.ts";

/** What starting needs beside the state: `head` of it is the new head, `previous` the one followed until now. */
export interface StartRead extends ReadState {
  /** Entitled trees with the site data of the previous head. */
  readonly entitledBefore: Readonly<Record<string, SiteTrees>>;
  readonly onRemoval: Readonly<Record<string, RemovalVerb>>;
  readonly isProtected: (object: ObjectId) => boolean;
}

export function startInput(read: StartRead): StartInput {
  const { head, previous } = read;
  const granting = (previous ?? head).model;
  return {
    ...plannerInput(read),
    head: head.commit,
    previousHead: previous?.commit ?? null,
    desired: Object.fromEntries([...head.apps].map(([app, rendered]) => [app, desired(rendered)])),
    headSites: head.facts,
    entitledBefore: read.entitledBefore,
    onRemoval: read.onRemoval,
    deletionBudget: deletionBudget(granting),
    dependedBefore: dependencies(granting),
    strategyOf: (app) => resolveStrategy(granting, app),
    newestStrategyOf: (app) =>
      head.model.apps.has(app) ? resolveStrategy(head.model, app) : undefined,
    isProtected: read.isProtected,
  };
}

function desired(app: RenderedApp): DesiredApp {
  return { ...versionOf(app), sites: Object.fromEntries(app.sites) };
}

/**
 * `onRemoval` of each app as its current release's commit has it, else as its newest candidate's. Where neither is
 * known, as after control was lost, the first of `heads` that has the app tells.
 */
export async function removalVerbs(
  { state }: ReadState["control"],
  rendering: Rendering,
  heads: readonly Pick<ValidHead, "model">[],
): Promise<Record<string, RemovalVerb>> {
  const verbs: Record<string, RemovalVerb> = {};
  const apps = [
    ...Object.keys(state.apps),
    ...heads.flatMap(({ model }) => [...model.apps.keys()]),
  ];
  for (const app of new Set(apps)) {
    const source = decidingCommit(own(state.apps, app));
    const model = source === undefined ? null : await rendering.model(source);
    const models = [...(model?.ok ? [model.value] : []), ...heads.map((head) => head.model)];
    const deciding = models.find((each) => each.apps.has(app));
    verbs[app] = deciding?.apps.get(app)?.value.spec.onRemoval ?? "delete";
  }
  return verbs;
}

function decidingCommit(control: AppControl | undefined): string | undefined {
  if (control === undefined) return undefined;
  const { current, open } = control;
  const released = current.release ?? current.partial.at(-1)?.release;
  return (released ?? open.findLast(({ kind }) => kind === "app"))?.source;
}
