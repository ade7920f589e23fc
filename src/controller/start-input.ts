/** Gathers the input for starting releases: what a new head renders to, against what its predecessor grants. */
import { FleetError } from "../core/errors.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import type { RenderedApp } from "../core/render/rendered.ts";
import type {
  AppControl,
  ControlState,
  DesiredApp,
  SkippedWords,
  StartInput,
} from "../core/rollout/planner-types.ts";
import type { Release, RemovalVerb } from "../core/rollout/records.ts";
import { own } from "../core/rollout/own.ts";
import { saidAnew, strictest, verbsOf } from "../core/rollout/removal-verbs.ts";
import { resolveStrategy } from "../core/rollout/resolve-strategy.ts";
import type { SiteTrees } from "./entitlement.ts";
import { deletionBudget, dependencies } from "../core/rollout/fleet-facts.ts";
import { plannerInput, type ReadState, versionOf } from "./planner-input.ts";
import type { Rendering, ValidHead } from "./rendering.ts";

/** What starting needs beside the state: `head` of it is the new head, `previous` the one followed until now. */
export interface StartRead extends ReadState {
  /** Entitled trees with the site data of the previous head. */
  readonly entitledBefore: Readonly<Record<string, SiteTrees>>;
  /** What the commits say that lie between the two heads. */
  readonly skipped: SkippedWords;
  readonly onRemoval: Readonly<Record<string, RemovalVerb>>;
  readonly leaving: ReadonlyMap<string, GrantingCommit>;
  readonly isProtected: (object: ObjectId) => boolean;
}

export function startInput(read: StartRead): StartInput {
  const { head, previous } = read;
  const granting = (previous ?? head).model;
  const grants = [...read.leaving].map(([app, grant]) => ({ app, ...grant }));
  return {
    ...plannerInput(read),
    head: head.commit,
    previousHead: previous?.commit ?? null,
    desired: Object.fromEntries([...head.apps].map(([app, rendered]) => [app, desired(rendered)])),
    headSites: head.facts,
    ...(previous === null ? {} : { sitesBefore: previous.facts }),
    skipped: read.skipped,
    entitledBefore: read.entitledBefore,
    onRemoval: read.onRemoval,
    ...(previous === null
      ? {}
      : { saidAnew: saidAnew(verbsOf(previous.model), verbsOf(head.model)) }),
    deletionBudget: deletionBudget(granting),
    grantedBy: Object.fromEntries(grants.map(({ app, commit }) => [app, commit])),
    dependedBefore: {
      ...dependencies(granting),
      ...Object.fromEntries(grants.map(({ app, model }) => [app, dependencies(model)[app] ?? []])),
    },
    strategyOf: (app) => resolveStrategy(read.leaving.get(app)?.model ?? granting, app),
    newestStrategyOf: (app) =>
      head.model.apps.has(app) ? resolveStrategy(head.model, app) : undefined,
    isProtected: read.isProtected,
  };
}

function desired(app: RenderedApp): DesiredApp {
  return { ...versionOf(app), sites: Object.fromEntries(app.sites) };
}

/**
 * `onRemoval` of each app as the head followed until now has it, where that has the app's current release. Where that has
 * another version of it, the stricter of what it says and of what the current release's commit (else its newest
 * candidate's) says. Where it does not have the app, its removals that are under way tell. What commits between the two heads
 * say counts where it is stricter, and so does what the new one says itself: where nobody else has said anything, it is held.
 * The first head of all speaks for itself. See ADR 6 and 10.
 */
export async function removalVerbs(
  { state }: ReadState["control"],
  rendering: Rendering,
  { heads, skipped }: Commits,
): Promise<Record<string, RemovalVerb>> {
  const verbs: Record<string, RemovalVerb> = {};
  for (const app of namedApps(state, heads)) {
    const words = { app, control: own(state.apps, app), heads };
    const said = [...saidBefore(words), ...(await saidByRelease(rendering, words))];
    const newest = heads.find(({ model }) => model.apps.has(app));
    const others = [verbIn(newest?.model, app), skipped.verbs.get(app) ?? []].flat();
    verbs[app] = said.length === 0 ? "hold" : strictest([...said, ...others]);
  }
  return verbs;
}

/** A commit that grants what an app leaves by. */
export interface GrantingCommit {
  readonly commit: string;
  readonly model: FleetModel;
}

/**
 * By app that neither head has and that is leaving already: the commit before the one by which it began to, last. It goes
 * by the strategy and dependencies there also at a site that is declared again meanwhile.
 */
export async function leavingByCommit(
  { apps }: ControlState,
  rendering: Rendering,
  heads: readonly Pick<ValidHead, "model">[],
): Promise<ReadonlyMap<string, GrantingCommit>> {
  const found = new Map<string, GrantingCommit>();
  for (const [app, { open }] of Object.entries(apps)) {
    if (heads.some(({ model }) => model.apps.has(app))) continue;
    const removals = open.filter(({ kind }) => kind === "removal");
    const newestFirst = removals.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
    for (const { budgetsFrom: commit } of newestFirst) {
      const model = found.has(app) ? null : await readableModel(rendering, commit);
      if (model?.apps.has(app) === true) found.set(app, { commit, model });
    }
  }
  return found;
}

const unreadable: ReadonlySet<string> = new Set(["GIT_NOT_FOUND", "INVALID_FLEET"]);

/** Null where the commit is not valid, or cannot be read any more: the fleet repository may be another one since. */
async function readableModel(rendering: Rendering, commit: string): Promise<FleetModel | null> {
  try {
    const model = await rendering.model(commit);
    return model?.ok ? model.value : null;
  } catch (error) {
    if (error instanceof FleetError && unreadable.has(error.code)) return null;
    throw error;
  }
}

interface AppWords extends Pick<Commits, "heads"> {
  readonly app: string;
  readonly control: AppControl | undefined;
}

/** By the head before, or by the removals by which it leaves already: a site that is back with it knows no other word. */
function saidBefore({ app, control, heads: [before] }: AppWords): RemovalVerb[] {
  if (before?.model.apps.has(app) === true) return verbIn(before.model, app);
  const removals = control?.open.filter(({ kind }) => kind === "removal") ?? [];
  return removals.map(({ verb = "delete" }) => verb);
}

/** By the commit of the current release, where the head before has another version of the app. */
async function saidByRelease(
  rendering: Rendering,
  { app, control, heads }: AppWords,
): Promise<RemovalVerb[]> {
  const release = decidingRelease(control);
  const before = heads.length > 1 ? heads[0]?.apps.get(app) : undefined;
  if (before?.inputDigest === release?.digest) return [];
  return verbIn(await modelOf(rendering, release), app);
}

/** All apps that control or one of the heads has. */
export function namedApps(
  { apps }: Pick<ControlState, "apps">,
  heads: readonly Pick<ValidHead, "model">[],
): ReadonlySet<string> {
  return new Set([...Object.keys(apps), ...heads.flatMap(({ model }) => [...model.apps.keys()])]);
}

/** The head followed until now, where there is one, and the new one; and what was said between them. */
interface Commits {
  readonly heads: readonly Pick<ValidHead, "model" | "apps">[];
  readonly skipped: SkippedWords;
}

async function modelOf(
  rendering: Rendering,
  release: DecidingRelease | undefined,
): Promise<FleetModel | undefined> {
  const model = release === undefined ? null : await rendering.model(release.source);
  return model?.ok === true ? model.value : undefined;
}

function verbIn(model: FleetModel | undefined, app: string): RemovalVerb[] {
  const found = model?.apps.get(app);
  return found === undefined ? [] : [found.value.spec.onRemoval ?? "delete"];
}

type DecidingRelease = Pick<Release, "digest" | "source">;

function decidingRelease(control: AppControl | undefined): DecidingRelease | undefined {
  if (control === undefined) return undefined;
  const { current, open } = control;
  const released = current.release ?? current.partial.at(-1)?.release;
  return released ?? open.findLast(({ kind }) => kind === "app");
}
