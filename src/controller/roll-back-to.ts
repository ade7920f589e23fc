/** An operator's word that an app goes back to an older release: what it was is read from the histories of control and mirrors. */
import {
  conflict,
  type DecisionResult,
  missing,
  noApp,
  type Of,
  refuse,
  type Word,
} from "../core/rollout/decision-result.ts";
import type { TreeId } from "../core/render/rendered.ts";
import { currentRefOf } from "../core/rollout/entitled-release.ts";
import { own } from "../core/rollout/own.ts";
import { protectedObjects } from "../core/rollout/protected-objects.ts";
import type { StartInput } from "../core/rollout/planner-types.ts";
import type { Release } from "../core/rollout/records.ts";
import { startRollback } from "../core/rollout/start/start-rollback.ts";
import { someOf } from "../core/rollout/words.ts";
import type { ControlRepository, ControlSnapshot } from "./control-repository.ts";
import {
  isReleased,
  releasedNames,
  successorOf,
  traceReleases,
  type TracedRelease,
} from "./release-history.ts";
import { treesBefore } from "./release-trees.ts";
import { readState } from "./read-state.ts";
import { standingVariants } from "./standing-variants.ts";
import { startInput } from "./start-input.ts";
import { nothingSkipped } from "./words-between.ts";
import type { World } from "./world.ts";

type RollbackTo = Of<"rollback"> & { readonly to: string };

/** Names that a refusal lists. */
const maxNames = 10;

/** What the decision changes; a release that was never through is refused with those that were. */
export async function rollBackTo(
  world: World,
  control: ControlSnapshot,
  { decision, word }: { decision: RollbackTo; word: Word },
): Promise<DecisionResult> {
  const refusal = refuseUnread(control, decision);
  if (refusal !== undefined) return refusal;
  const { app, to, site, stage, why } = decision;
  const isMeant = (each: TracedRelease): boolean => each.started.release === to && isReleased(each);
  const traced = await traceReleases(world.control, { app }, (some) => some.some(isMeant));
  const found = traced.find(isMeant);
  if (!found?.end) return unknownRelease(decision, traced);
  const record = await world.control.releaseAt(found.end.before, app, to);
  const input = await inputNow(world, control);
  if (record === null || input === null) return unknownRelease(decision, traced);
  const later = await commitsFrom(world.control, successorOf(traced, found));
  const readable = world.mirrors.all().filter(({ unreadable }) => unreadable === null);
  const stood = await treesBefore(readable, app, later);
  return startRollback(input, {
    app,
    to: { ...currentRefOf(record) },
    by: word.by,
    why,
    ...(site === undefined ? {} : { site }),
    ...(stage === undefined ? {} : { stage }),
    trees: treesOf(record, stood.trees),
    touched: stood.touched,
  });
}

/** What is refused without a look at any history. */
function refuseUnread(
  { state }: ControlSnapshot,
  { app, release, site, stage }: RollbackTo,
): DecisionResult | undefined {
  if (release !== undefined || (site !== undefined && stage !== undefined)) {
    const hint = "name APP --to RELEASE, and at most one of --site and --stage";
    return refuse("bad-request", "it is not clear what goes back", hint);
  }
  return own(state.apps, app) === undefined ? noApp(state, app) : undefined;
}

function unknownRelease({ app, to }: RollbackTo, traced: readonly TracedRelease[]): DecisionResult {
  const names = releasedNames(traced);
  const hint =
    names.length === 0
      ? `no release of ${app} was ever through`
      : `released: ${someOf(names, maxNames)}; see flotilla history ${app}`;
  const known = traced.find(({ started }) => started.release === to);
  if (known === undefined) return missing(`${app} has no release ${to}`, hint);
  return conflict(`${to} was never through as a whole: there is nothing to go back to`, hint);
}

/** Commits of control from this one on; none for null. */
async function commitsFrom(
  control: ControlRepository,
  first: string | null,
): Promise<ReadonlySet<string>> {
  const later = new Set<string>();
  if (first === null) return later;
  for await (const { oid } of control.history()) {
    later.add(oid);
    if (oid === first) break;
  }
  return later;
}

/** Of what stood then, what the release brought or left as it was: a site that it never reached had something older. */
function treesOf(
  { list, handed, failed, back }: Release,
  trees: Readonly<Record<string, TreeId>>,
): Record<string, TreeId> {
  const reached = Object.entries(trees).filter(([site, tree]) => {
    const entry = own(list, site);
    if (entry === undefined || entry.to === tree) return true;
    const hasIt = Object.hasOwn(handed, site) && !Object.hasOwn(failed, site);
    return hasIt && own(back, site) === undefined;
  });
  return Object.fromEntries(reached);
}

/** The state as it is, with the followed head's budgets; null before the first head. */
async function inputNow(world: World, control: ControlSnapshot): Promise<StartInput | null> {
  const commit = control.state.head?.commit;
  const head = commit === undefined ? undefined : await world.rendering.followed(commit);
  if (head?.ok !== true) return null;
  const mirrors = await Promise.all(
    world.mirrors.all().map(async (mirror) => {
      const snapshot = await mirror.standing();
      return { mirror, snapshot, isAwaited: false, isBehindWorker: false, isSilent: false };
    }),
  );
  const state = { control, mirrors, head: head.value, controlLost: undefined };
  const read = await readState(world, state, null);
  const standing = await standingVariants(mirrors, world.rendering);
  return startInput({
    ...read,
    entitledBefore: {},
    skipped: nothingSkipped,
    onRemoval: {},
    leaving: new Map(),
    isProtected: protectedObjects([standing, head.value.variants]),
  });
}
