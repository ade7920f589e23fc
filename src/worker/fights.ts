import type { ObjectId } from "../core/model/kube-object.ts";

/** A difference of an object that comes back each time that it was repaired. */
export interface Fight {
  /** What differs, in words: the field, and who changes it. */
  readonly note: string;
  /** How often it was found again after a repair, the first time included. */
  readonly rounds: number;
  /** Looks in a row that did not find it. */
  readonly quiet: number;
  /** Monotonic time from when on it is repaired again. */
  readonly repairFrom: number;
}

/** Repairs in a row that are no fight yet. */
const freeRounds = 3;
const maxWaitMs = 24 * 3_600_000;
/** Looks without the difference after which the other has given up. */
const quietLooks = 3;

/** What is known of an object's fight once its difference is found; `isBack`: it was repaired since it was found last. */
export function meetAgain(
  before: Fight | undefined,
  { note, isBack, now, intervalMs }: FightRound,
): Fight {
  if (before?.note !== note) return { note, rounds: 1, quiet: 0, repairFrom: now };
  if (!isBack) return before;
  const rounds = before.rounds + 1;
  const wait = rounds <= freeRounds ? 0 : intervalMs * 2 ** (rounds - freeRounds);
  return { note, rounds, quiet: 0, repairFrom: now + Math.min(wait, maxWaitMs) };
}

interface FightRound extends Pick<Fight, "note"> {
  readonly isBack: boolean;
  readonly now: number;
  readonly intervalMs: number;
}

/** True when the same change again and again is no accident: it is repaired ever more seldom. */
export function isFight({ rounds }: Fight): boolean {
  return rounds > freeRounds;
}

/** Forgets the fight of an object that was found as it should be, once that has lasted for some looks. */
export function noteQuiet(fights: Map<ObjectId, Fight>, id: ObjectId): void {
  const fight = fights.get(id);
  if (fight === undefined) return;
  const quiet = fight.quiet + 1;
  if (quiet >= quietLooks) fights.delete(id);
  else fights.set(id, { ...fight, quiet });
}
