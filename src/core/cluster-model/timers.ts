/** What a cluster's controllers have yet to do, by model time. Nothing runs by itself: `advance` takes what is due. */

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly task: string;
}

/** Tasks by time, then by the order in which they were set. One task is pending once, at its earliest time. */
export class Timers {
  #timers: Timer[] = [];
  readonly #pending = new Map<string, number>();
  #order = 0;

  /** The same tasks at the same times; what is set in one is not set in the other. */
  copy(): Timers {
    const copy = new Timers();
    copy.#timers = [...this.#timers];
    for (const [task, at] of this.#pending) copy.#pending.set(task, at);
    copy.#order = this.#order;
    return copy;
  }

  /** Does a task at a time, or earlier where it is already wanted earlier. */
  set(task: string, at: number): void {
    const pending = this.#pending.get(task);
    if (pending !== undefined && pending <= at) return;
    this.#pending.set(task, at);
    const timer = { at, order: (this.#order += 1), task };
    this.#timers.splice(this.#positionOf(timer), 0, timer);
  }

  /** When the next task is due. */
  next(): number | undefined {
    this.#dropStale();
    return this.#timers[0]?.at;
  }

  /** Takes the next task that is due by then. */
  take(now: number): { readonly task: string; readonly at: number } | undefined {
    this.#dropStale();
    const [first] = this.#timers;
    if (first === undefined || first.at > now) return undefined;
    this.#timers.shift();
    this.#pending.delete(first.task);
    return first;
  }

  /** A task that was set to an earlier time leaves its old entry behind. */
  #dropStale(): void {
    while (true) {
      const [first] = this.#timers;
      if (first === undefined || this.#pending.get(first.task) === first.at) return;
      this.#timers.shift();
    }
  }

  #positionOf({ at }: Timer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timers[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
