/**
 * Virtual time: what is due next is run, then everything that follows from it without waiting, and so on. What is due
 * at the same time runs in an order drawn from the seed, so equal seeds give equal histories.
 */
import type { Clock } from "../../src/runtime/clock.ts";

/** Numbers in [0, 1) by a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

export class VirtualTime {
  /** ms since the start. */
  now: number;
  readonly random: () => number;
  readonly #heap: Due[] = [];
  readonly #lives: Life[] = [];

  constructor(random: () => number, now = 0) {
    this.random = random;
    this.now = now;
  }

  /** A process lives in this time. */
  begin(life: Life): void {
    this.#lives.push(life);
  }

  /** The end of all processes that ever lived in it: who listens for the end of one would be kept for ever. */
  end(): void {
    for (const life of this.#lives) life.kill();
    for (const { ending } of this.#lives) ending.abort("over");
  }

  /** Runs something so many ms from now; gives what cancels it. */
  after(ms: number, run: () => void): () => void {
    const due = { at: this.now + Math.max(0, ms), order: this.random(), run, isCancelled: false };
    push(this.#heap, due);
    return () => {
      due.isCancelled = true;
    };
  }

  /** Runs what is due next, and what follows from it; false when nothing is due before `until`. */
  async step(until: number): Promise<boolean> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) {
        this.now = Math.max(this.now, until);
        return false;
      }
      pop(this.#heap);
      if (next.isCancelled) continue;
      this.now = next.at;
      next.run();
      await settle();
      return true;
    }
  }
}

/**
 * Until no promise is left that could go on by itself: the queue of ticks has its turn when that of promises is empty.
 * Nothing in the simulation waits for anything but virtual time.
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function isBefore(a: Due, b: Due): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at;
}

function push(heap: Due[], due: Due): void {
  let index = heap.length;
  heap.push(due);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(due, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = due;
}

function pop(heap: Due[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const [left, right] = [2 * index + 1, 2 * index + 2];
    const [first, second] = [heap[left], heap[right]];
    if (first === undefined) break;
    const useRight = second !== undefined && isBefore(second, first);
    const child = useRight ? second : first;
    if (!isBefore(child, last)) break;
    heap[index] = child;
    index = useRight ? right : left;
  }
  heap[index] = last;
}

/** One for each who waits: they would all be kept by one that lasts. */
function never(): Promise<never> {
  return new Promise(() => {});
}

/** One life of a process: once it is killed, nothing that it waits for ever comes. */
export class Life {
  isAlive = true;
  readonly ending = new AbortController();
  /** In virtual time, ms. */
  readonly begunAt: number;
  readonly #time: VirtualTime;
  /** Until then it stands still: what it waits for comes, and it does not go on. */
  #stillUntil = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
    this.begunAt = time.now;
    time.begin(this);
  }

  kill(): void {
    this.isAlive = false;
  }

  pause(ms: number): void {
    this.#stillUntil = this.#time.now + ms;
  }

  /** Runs it at once, or when the process goes on; never once it is dead. */
  whenRunning(work: () => void): void {
    if (!this.isAlive) return;
    const still = this.#stillUntil - this.#time.now;
    if (still > 0) this.#time.after(still, () => this.whenRunning(work));
    else work();
  }

  /** What has come, unless the process is dead by now. */
  async guard<T>(work: Promise<T>): Promise<T> {
    if (!this.isAlive) return never();
    try {
      const result = await work;
      if (this.#stillUntil > this.#time.now) await new Promise<void>((go) => this.whenRunning(go));
      return this.isAlive ? result : await never();
    } catch (error) {
      if (!this.isAlive) return never();
      throw error;
    }
  }
}

/** The clock of one life of a process; `skewMs` is what its wall clock is wrong by. */
export function clockOf(time: VirtualTime, life: Life, skewMs: () => number): Clock {
  return {
    now: () => startAt + Math.floor(time.now) + skewMs(),
    monotonic: () => time.now,
    random: () => time.random(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (!life.isAlive) return;
        if (signal?.aborted === true) return resolve();
        const end = (): void => {
          signal?.removeEventListener("abort", abort);
          life.whenRunning(resolve);
        };
        const cancel = time.after(ms, end);
        const abort = (): void => {
          cancel();
          if (life.isAlive) resolve();
        };
        signal?.addEventListener("abort", abort, { once: true });
      }),
  };
}

/** Wall time at the start. */
export const startAt = Date.parse("2030-01-01T00:00:40Z");
