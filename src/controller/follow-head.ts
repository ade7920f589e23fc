/** A new head begins to be followed: what it starts, and that it is the followed one, in one commit on control. */
import { FleetError } from "../core/errors.ts";
import type { TreeId, Variant } from "../core/render/rendered.ts";
import { controlPaths } from "../core/rollout/control-files.ts";
import type { ControlChange } from "../core/rollout/planner-types.ts";
import { protectedObjects } from "../core/rollout/protected-objects.ts";
import { startReleases } from "../core/rollout/start-releases.ts";
import { commitToControl, controllerAuthor } from "./control-commit.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import { joinEvents } from "./joiners.ts";
import type { ReleaseEvent } from "./release-ledger.ts";
import { shortId } from "./short-id.ts";
import { neededSources } from "./needed-sources.ts";
import type { ReadMirror } from "./planner-input.ts";
import { readState } from "./read-state.ts";
import { entitledByApp } from "./rendered-releases.ts";
import type { ValidHead } from "./rendering.ts";
import { siteEvents } from "./site-changes.ts";
import { grantedVariants, standingVariants } from "./standing-variants.ts";
import { leavingByCommit, namedApps, removalVerbs, startInput } from "./start-input.ts";
import { wordsBetween } from "./words-between.ts";
import type { World } from "./world.ts";

/** What stands when a head is about to be followed. */
export interface FollowState {
  readonly control: ControlSnapshot;
  readonly mirrors: readonly ReadMirror[];
  readonly head: ValidHead;
  /** The head followed until now; null: this is the first. */
  readonly previous: ValidHead | null;
}

/** Starts what the new head starts. REF_RACE: another writer was first, read again. */
export async function followHead(world: World, state: FollowState): Promise<ControlSnapshot> {
  const { control, head, previous } = state;
  const { rendering } = world;
  // What stands at a site may be older than both heads: its own contents say whether it may be taken away.
  const { mirrors, standing } = await lastStanding(state.mirrors, rendering);
  // Kept before control names it, and what control no longer names is let go only after it.
  await world.sources.keep(neededSources(control, head.commit));
  const read = await readState(world, { ...state, mirrors, controlLost: undefined }, previous);
  const entitlement = { control: control.state, mirrors: read.standing, rendering };
  const entitledBefore =
    previous === null ? {} : await entitledByApp({ ...entitlement, head: previous });
  const heads = previous === null ? [head] : [previous, head];
  const skipped = await wordsBetween(world, {
    previous,
    head,
    state: control.state,
    apps: namedApps(control.state, heads),
  });
  const input = startInput({
    ...read,
    entitledBefore,
    skipped,
    onRemoval: await removalVerbs(control, rendering, { heads, skipped }),
    leaving: await leavingByCommit(control.state, rendering, heads),
    isProtected: protectedObjects([
      standing,
      mirrors.some(isUnseen) ? grantedVariants(read, entitledBefore) : new Map(),
      ...heads.map(({ variants }) => variants),
    ]),
  });
  const started = startReleases(input);
  const { changes } = started;
  world.logger.info("following a new head", { commit: head.commit, notes: started.notes });
  return commitToControl(world, control, {
    changes: [...changes, ...acceptedOnce(control)],
    events: [
      ...joinEvents({ input, changes, placedBefore: previous?.placed ?? {} }),
      ...siteEvents({
        control: control.state,
        source: head.commit,
        facts: head.facts,
        before: previous?.facts ?? new Map(),
      }),
      ...badVersions(state, started.refused),
    ],
    subject: `Follow ${shortId(head.commit)}`,
    author: controllerAuthor,
    at: read.now,
  });
}

interface LastStanding {
  readonly mirrors: readonly ReadMirror[];
  readonly standing: ReadonlyMap<TreeId, Variant>;
}

/**
 * What stands in the mirrors; in one that cannot be read, what stood there last: nobody else writes there, and what the head
 * takes away there is listed only now. Without that where its contents are not known any more.
 */
async function lastStanding(
  mirrors: readonly ReadMirror[],
  rendering: World["rendering"],
): Promise<LastStanding> {
  const known = mirrors.map((read) =>
    isUnread(read) ? { ...read, snapshot: read.mirror.lastRead } : read,
  );
  try {
    return { mirrors: known, standing: await standingVariants(known, rendering) };
  } catch (error) {
    if (!(error instanceof FleetError) || !mirrors.some(isUnread)) throw error;
    return { mirrors, standing: await standingVariants(mirrors, rendering) };
  }
}

function isUnread({ mirror }: ReadMirror): boolean {
  return mirror.unreadable !== null;
}

/** What stands there is not known whole: it cannot be read, was lost, or came back older than what its worker has. */
function isUnseen({ isAwaited, isBehindWorker }: ReadMirror): boolean {
  return isAwaited || isBehindWorker;
}

/** Versions that the head brings and that are known to be bad; of one that it only leaves in place it says nothing. */
function badVersions({ head, previous }: FollowState, refused: readonly string[]): ReleaseEvent[] {
  const digestOf = (at: ValidHead | null, app: string): string | undefined =>
    at?.apps.get(app)?.inputDigest;
  return refused
    .filter((app) => digestOf(previous, app) !== digestOf(head, app))
    .map((app) => ({
      event: "refused",
      source: head.commit,
      reason: `${app}: this version is known to be bad and is not tried again`,
    }));
}

/** An operator's word lets one head in, once: whatever is followed next needs another. */
function acceptedOnce({ accepted }: ControlSnapshot): ControlChange[] {
  if (accepted === null) return [];
  const why = `${shortId(accepted.commit)} was accepted for this once`;
  return [{ path: controlPaths.accepted, record: null, why }];
}
