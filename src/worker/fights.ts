import type { ObjectId } from "../core/model/kube-object.ts";

/** A field of an object that is not what was applied, and who has changed it; "" where that is not known. */
export interface Change {
  /** "" where it is the whole object. */
  readonly field: string;
  readonly manager: string;
}

/** An object that differs again each time that it was repaired, in whatever way. */
export interface Fight {
  /** What has differed, by its text, and after how many repairs; the newest last. */
  readonly changes: ReadonlyMap<string, Change & { readonly times: number }>;
  /** How often it was found to differ after a repair, the first time included. */
  readonly rounds: number;
  /** Repairs at once, on top of these, because something had changed that had not before. */
  readonly surprises: number;
  /** Looks in a row that did not find a difference. */
  readonly quiet: number;
  /** Monotonic time from when on it is repaired again. */
  readonly repairFrom: number;
}

/** Repairs in a row that are no fight yet. */
const freeRounds = 3;
const maxSurprises = 3;
const maxWaitMs = 24 * 3_600_000;
/** Looks without a difference after which the other has given up. */
const quietLooks = 3;
const maxChanges = 100;

/** What is known of an object's fight once it is found to differ; `isBack`: it was repaired since it was found last. */
export function meetAgain(
  before: Fight | undefined,
  { changes, isBack, now, intervalMs }: FightRound,
): Fight {
  if (before === undefined) {
    return { changes: counted(new Map(), changes), ...first, repairFrom: now };
  }
  const isNew = changes.some((change) => !before.changes.has(textOf(change)));
  const isSurprise = isNew && before.surprises < maxSurprises;
  if (!isBack && !isSurprise) return before;
  const known = { changes: counted(before.changes, changes), quiet: 0 };
  // What somebody does once waits for no fight of others.
  if (isSurprise) {
    return { ...before, ...known, surprises: before.surprises + 1, repairFrom: now };
  }
  const rounds = before.rounds + 1;
  const wait = rounds <= freeRounds ? 0 : intervalMs * 2 ** (rounds - freeRounds);
  return { ...before, ...known, rounds, repairFrom: now + Math.min(wait, maxWaitMs) };
}

const first = { rounds: 1, surprises: 0, quiet: 0 };

interface FightRound {
  readonly changes: readonly Change[];
  readonly isBack: boolean;
  readonly now: number;
  readonly intervalMs: number;
}

function counted(before: Fight["changes"], changes: readonly Change[]): Fight["changes"] {
  const all = new Map(before);
  for (const change of changes.slice(0, maxChanges)) {
    const text = textOf(change);
    const times = (all.get(text)?.times ?? 0) + 1;
    all.delete(text);
    all.set(text, { ...change, times });
  }
  for (const oldest of all.keys()) {
    if (all.size <= maxChanges) break;
    all.delete(oldest);
  }
  return all;
}

function textOf({ field, manager }: Change): string {
  return `${field} by ${manager}`;
}

/** True when changes again and again are no accident: it is repaired ever more seldom. */
export function isFight({ rounds }: Fight): boolean {
  return rounds > freeRounds;
}

/** Who fights over what: ` fights with tuner over .data.k`. What came back counts, or all where each was another. */
export function describeFight({ changes }: Fight): string {
  const all = [...changes.values()];
  const again = all.filter(({ times }) => times > 1);
  const told = again.length === 0 ? all : again;
  const rivals = told.map(({ manager }) => (manager === "" ? "somebody" : manager));
  const fields = told.map(({ field }) => (field === "" ? "its existence" : field));
  return ` fights with ${listed(rivals)} over ${listed(fields)}`;
}

const maxListed = 3;

function listed(names: readonly string[]): string {
  const different = [...new Set(names)].toSorted();
  const more = different.length - maxListed;
  return different.slice(0, maxListed).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Forgets the fight of an object that was found as it should be, once that has lasted for some looks. */
export function noteQuiet(fights: Map<ObjectId, Fight>, id: ObjectId): void {
  const fight = fights.get(id);
  if (fight === undefined) return;
  const quiet = fight.quiet + 1;
  if (quiet >= quietLooks) fights.delete(id);
  else fights.set(id, { ...fight, quiet });
}
