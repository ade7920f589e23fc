import { isSameList } from "./is-same-list.ts";

/**
 * Results of pure functions, kept for as long as what they were made from lives: what has not changed since the last
 * commit is the same object, and so costs nothing again. A result never depends on what is kept.
 */
export class KeptResults<Owner extends object, Result> {
  readonly #kept = new WeakMap<Owner, readonly Kept<Result>[]>();
  readonly #most: number;

  /** `most`: how many results are kept of one owner. */
  constructor(most = 2) {
    this.#most = most;
  }

  /** What was made from this owner and the very same other inputs before; else makes it. */
  get(owner: Owner, inputs: readonly unknown[], make: () => Result): Result {
    const all = this.#kept.get(owner) ?? [];
    const known = all.find((kept) => isSameList(kept.inputs, inputs)) ?? { inputs, result: make() };
    if (all[0] !== known) {
      const others = all.filter((kept) => kept !== known);
      this.#kept.set(owner, [known, ...others].slice(0, this.#most));
    }
    return known.result;
  }
}

interface Kept<Result> {
  readonly inputs: readonly unknown[];
  readonly result: Result;
}
