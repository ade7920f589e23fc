/**
 * One pass of the loop, level-based: read everything, ask the pure core, carry out. It never knows what woke it. Control
 * is written first and the mirrors after it, so a controller that dies anywhere is finished by its next start.
 */
import { FleetError } from "../core/errors.ts";
import { countsAt } from "./count-sites.ts";
import { forEachAtOnce } from "../runtime/at-once.ts";
import { planRollout } from "../core/rollout/plan-rollout.ts";
import type { PlannerInput, RolloutPlan } from "../core/rollout/planner-types.ts";
import { bookkeeping } from "./bookkeeping.ts";
import { commitChanges, controllerAuthor } from "./control-commit.ts";
import { awaitedHead } from "./control-loss.ts";
import { carryOutDeclared } from "./declared-decisions.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import { followHead } from "./follow-head.ts";
import { handOut } from "./hand-out.ts";
import { type HeadVerdict, judgeHead } from "./judge-head.ts";
import { shortId } from "./short-id.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import { noSnapshot } from "./mirror-snapshot.ts";
import { neededSources } from "./needed-sources.ts";
import { plannerInput, type ReadMirror, type ReadState } from "./planner-input.ts";
import { type PassState, readState } from "./read-state.ts";
import type { ValidHead } from "./rendering.ts";
import type { World } from "./world.ts";

/** What a pass found and did; the API answers from it. */
export interface Pass {
  readonly control: ControlSnapshot;
  readonly mirrors: readonly ReadMirror[];
  /** null: no head was ever followed. */
  readonly read: ReadState | null;
  readonly plan: RolloutPlan | null;
  /** What the plan was made of; null without one. */
  readonly input: PlannerInput | null;
  readonly verdict: HeadVerdict;
  readonly controlLost: string | undefined;
  /** What could not be carried out, in words. */
  readonly problems: readonly string[];
  /** Something was written: the next pass may have more to do. */
  readonly hasWritten: boolean;
}

/** Reads everything, plans, carries out. REF_RACE: another writer was first, read again. */
export async function reconcile(world: World): Promise<Pass> {
  const mirrors = await readMirrors(world, []);
  const before = await world.control.read();
  requireLeader(world, before);
  const controlLost = await world.lossCheck.find(before, named(mirrors));
  const head = await followedHead(world, before);
  const verdict = await judge(world, before, { head, controlLost });
  const found = { mirrors, verdict, controlLost, problems: [] };
  let control = before;
  if (verdict.verdict === "follow") {
    const previous =
      head?.commit === verdict.head.commit ? await previousHead(world, before) : head;
    control = await carryOutDeclared(world, control, verdict.head);
    const next = world.memory.withLeaving(verdict.head, control.state.sites);
    control = await followHead(world, { control, mirrors, head: next, previous });
  }
  const current = verdict.verdict === "follow" ? verdict.head : head;
  if (current === null) {
    return {
      ...found,
      control,
      read: null,
      plan: null,
      input: null,
      hasWritten: control !== before,
    };
  }
  if (controlLost === undefined) control = await keepBooks(world, control);
  await ensureMirrors(world, control, current);
  const all = await readMirrors(world, mirrors);
  const served = world.memory.withLeaving(current, control.state.sites);
  const state: PassState = { control, mirrors: all, head: served, controlLost };
  return { ...found, mirrors: all, ...(await plan(world, state, before)) };
}

/** Two controllers on one state folder would both write: the older one ends. STALE_EPOCH. */
function requireLeader({ epoch }: World, { state }: ControlSnapshot): void {
  if (state.epoch <= epoch) return;
  throw new FleetError(
    "STALE_EPOCH",
    `another controller leads with epoch ${state.epoch}; this one has ${epoch}`,
    { hint: "run one controller on a state folder", retry: "never" },
  );
}

const mirrorsAtOnce = 8;

/**
 * Reads what stands in all mirrors, and lets those that came back from an older copy catch up with their workers. What
 * this pass has `known` stays as it was judged, whoever is heard meanwhile: whether control is lost, whether a mirror is
 * behind its worker and whether that was heard at all are one judgement.
 */
async function readMirrors(world: World, known: readonly ReadMirror[]): Promise<ReadMirror[]> {
  const { observations, recovery } = world;
  const names = new Set(known.map(({ mirror }) => mirror.name));
  const unread = world.mirrors.all().filter(({ name }) => !names.has(name));
  if (unread.length === 0) return [...known];
  const expected = expectedMirrors(await world.control.read());
  const read = await forEachAtOnce(unread, mirrorsAtOnce, async (mirror) => {
    const workerHead = observations.headOf(mirror.name);
    const isSilent = observations.silentSince(mirror.name) !== null;
    const isExpected = expected === null || expected.has(mirror.name);
    const standing = await mirror.tryToRead(async () => ({
      found: await recovery.catchUp(mirror, { workerHead, isExpected }),
      snapshot: await mirror.snapshot(),
    }));
    if (standing === null) return { epoch: 0, mirror: unreadMirror(mirror) };
    const { found, snapshot } = standing;
    const isAwaited = workerHead === undefined;
    const { epoch, isBehind: isBehindWorker } = found;
    return { epoch, mirror: { mirror, snapshot, isAwaited, isBehindWorker, isSilent } };
  });
  for (const { epoch } of read) if (epoch >= world.epoch) await world.raise(epoch);
  return [...known, ...read.map(({ mirror }) => mirror)];
}

/** Nobody knows what stands in it: like one that was lost, and also where its region is excused nothing is written there. */
function unreadMirror(mirror: MirrorRepository): ReadMirror {
  return { mirror, snapshot: noSnapshot, isAwaited: true, isBehindWorker: false, isSilent: false };
}

/**
 * Mirrors of which control knows that something was written there, or is just being; null: it may not know all, for it has
 * followed one head at most, or was recovered. One that a site is only on its way to is none: what a worker has for it,
 * such as one whose region was renamed, is of another mirror.
 */
function expectedMirrors({ state, recovery }: ControlSnapshot): ReadonlySet<string> | null {
  if (state.head?.previous === undefined || recovery !== null) return null;
  const sites = Object.values(state.sites);
  return new Set(
    sites.flatMap(({ mirror, moving }) =>
      moving?.entering === undefined ? [mirror] : [mirror, moving.to],
    ),
  );
}

/** Makes the mirrors that the head's regions and control's sites name. */
async function ensureMirrors(
  { mirrors }: World,
  { state }: ControlSnapshot,
  head: ValidHead,
): Promise<void> {
  for (const region of head.model.regions.keys()) await mirrors.ensure(region);
  for (const { mirror, moving } of Object.values(state.sites)) {
    await mirrors.ensure(mirror);
    if (moving !== undefined) await mirrors.ensure(moving.to);
  }
}

function named(
  mirrors: readonly ReadMirror[],
): { name: string; snapshot: ReadMirror["snapshot"] }[] {
  return mirrors.map(({ mirror, snapshot }) => ({ name: mirror.name, snapshot }));
}

async function judge(
  world: World,
  control: ControlSnapshot,
  { head, controlLost }: { head: ValidHead | null; controlLost: string | undefined },
): Promise<HeadVerdict> {
  // What a new head changes is seen by what the one before it renders to, as soon as that is known.
  const isAtWork = head !== null && head.lacking !== null && head.lacking.reason === null;
  if (controlLost !== undefined || isAtWork) return { verdict: "nothing-new" };
  const { seen } = world.source.state();
  const { rendering, sources } = world;
  return judgeHead({ seen, control, rendering, sources });
}

/** The head that control follows; null before the first. INVALID_FLEET when it is not valid any more. */
async function followedHead(
  { rendering }: World,
  { state }: ControlSnapshot,
): Promise<ValidHead | null> {
  return state.head === null ? null : requireHead(rendering, state.head.commit);
}

async function requireHead(rendering: World["rendering"], commit: string): Promise<ValidHead> {
  const head = await rendering.followed(commit);
  if (head.ok) return head.value;
  throw new FleetError(
    "INVALID_FLEET",
    `the followed head ${shortId(commit)} cannot be rendered by this version of Flotilla`,
    { hint: "run the version that followed it, or push a head that this version takes" },
  );
}

/** Records what ended a silence and what was learned of clusters, before anything is planned with it. */
async function keepBooks(world: World, control: ControlSnapshot): Promise<ControlSnapshot> {
  const { observations, clock } = world;
  const { changes, settled } = bookkeeping(control.state, observations);
  const next = changes.length === 0 ? control : await commitChanges(world, control, { changes });
  observations.settleSilences(settled);
  if (next !== control) world.logger.debug("books kept", { at: clock.now() });
  return next;
}

async function plan(
  world: World,
  state: PassState,
  before: ControlSnapshot,
): Promise<Pick<Pass, "control" | "read" | "plan" | "input" | "problems" | "hasWritten">> {
  const { rendering } = world;
  const previous = await previousHead(world, state.control);
  const read = await readState(world, state, previous);
  const input = plannerInput(read);
  const rollout = planRollout(input);
  const { changes } = rollout;
  let { control } = state;
  if (changes.length > 0) {
    control = await commitChanges(world, control, { changes, countsOf: countsAt(input) });
  }
  const result = await handOut({
    read: { ...read, control },
    mirrors: world.mirrors,
    memory: world.memory,
    handOvers: rollout.handOvers,
    siteMoves: rollout.siteMoves,
    author: controllerAuthor,
    isHeld: state.controlLost !== undefined || awaitedHead(control) !== undefined,
  });
  const needed = neededSources(control, world.source.state().seen ?? undefined);
  rendering.retain(needed);
  await world.sources.keep(needed);
  const hasWritten = control !== before || result.moved.length > 0;
  return {
    control,
    read: { ...read, control },
    plan: rollout,
    input,
    problems: result.problems,
    hasWritten,
  };
}

/** The head before the followed one: null where it cannot be read any more. */
async function previousHead(
  { rendering }: World,
  { state }: ControlSnapshot,
): Promise<ValidHead | null> {
  const commit = state.head?.previous;
  if (commit === undefined) return null;
  try {
    const head = await rendering.past(commit);
    return head.ok ? head.value : null;
  } catch (error) {
    if (error instanceof FleetError) return null;
    throw error;
  }
}
