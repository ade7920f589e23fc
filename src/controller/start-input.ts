/** Gathers the input for starting releases: what a new head renders to, against what its predecessor grants. */
import type { ObjectId } from "../core/model/kube-object.ts";
import type { RenderedApp } from "../core/render/rendered.ts";
import { rendererNumber } from "../core/render/rendered.ts";
import type { AppControl, DesiredApp, StartInput } from "../core/rollout/planner-types.ts";
import type { RemovalVerb } from "../core/rollout/records.ts";
import { resolveStrategy } from "../core/rollout/resolve-strategy.ts";
import type { SiteTrees } from "./entitlement.ts";
import { deletionBudget, siteFacts } from "./fleet-facts.ts";
import { plannerInput, type ReadState } from "./planner-input.ts";
import type { Rendering } from "./rendering.ts";

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
    headSites: siteFacts(head.model),
    entitledBefore: read.entitledBefore,
    onRemoval: read.onRemoval,
    deletionBudget: deletionBudget(granting),
    strategyOf: (app) => resolveStrategy(granting, app),
    isProtected: read.isProtected,
  };
}

function desired({ inputDigest, sites }: RenderedApp): DesiredApp {
  return { digest: inputDigest, renderer: rendererNumber, sites: Object.fromEntries(sites) };
}

/** `onRemoval` of each app as its current release's commit has it, else as its newest candidate's. */
export async function removalVerbs(
  { state }: ReadState["control"],
  rendering: Rendering,
): Promise<Record<string, RemovalVerb>> {
  const verbs: Record<string, RemovalVerb> = {};
  for (const [app, control] of Object.entries(state.apps)) {
    const source = decidingCommit(control);
    const model = source === undefined ? null : await rendering.model(source);
    verbs[app] = (model?.ok && model.value.apps.get(app)?.value.spec.onRemoval) || "delete";
  }
  return verbs;
}

function decidingCommit({ current, open }: AppControl): string | undefined {
  const released = current.release ?? current.partial.at(-1)?.release;
  return (released ?? open.findLast(({ kind }) => kind === "app"))?.source;
}
