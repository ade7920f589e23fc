import pLimit from "p-limit";
import type { Clock } from "../runtime/clock.ts";

/** What is known of how a site answers. */
export interface AnswerTimes {
  /** Age of the oldest request that has no answer yet, ms; 0 when there is none. */
  waitingMs(): number;
  /** The longest that a request took since this was last asked, ms; 0 when there was none. */
  takeLongestMs(): number;
}

/** Places in which the work of all sites is done. */
export interface FairPlaces {
  /** The way of one site to a place: runs work when there is one. */
  forSite(times: AnswerTimes): (work: () => Promise<void>) => Promise<void>;
  /** Whether work of sites that answer promptly is under way, or waits for a place. */
  isBusy(): boolean;
}

const shortestPatienceMs = 50;
const longestPatienceMs = 500;

/**
 * So many places for sites that answer promptly, and as many for those that do not. Sites take turns: none gets a
 * second place while another waits for its first. A site that lets a request wait for five times as long as is usual
 * (at least 50 ms, at most 500 ms) gives its places back (its work goes on) and waits among the slow ones from then on,
 * until all requests of one piece of work were answered in time. So slow sites only hold up each other.
 */
export function createFairPlaces(count: number, clock: Clock): FairPlaces {
  return new Places(count, clock);
}

/** Work in a place, that is given back when its site turns slow. */
interface Holder {
  readonly times: AnswerTimes;
  readonly giveBack: () => void;
}

type Turn = () => Promise<void>;

class Places implements FairPlaces {
  readonly #clock: Clock;
  readonly #prompt: ReturnType<typeof pLimit>;
  readonly #slow: ReturnType<typeof pLimit>;
  readonly #waiting = new Map<AnswerTimes, Turn[]>();
  readonly #holders = new Set<Holder>();
  #isWatching = false;
  #usualMs = longestPatienceMs;

  constructor(count: number, clock: Clock) {
    this.#clock = clock;
    this.#prompt = pLimit(count);
    this.#slow = pLimit(count);
  }

  forSite(times: AnswerTimes): (work: () => Promise<void>) => Promise<void> {
    let isSlow = false;
    const runSlow = (work: () => Promise<void>): Promise<void> =>
      this.#slow(async () => {
        times.takeLongestMs();
        await work();
        const longestMs = times.takeLongestMs();
        // Work that asked nothing says nothing.
        if (longestMs > 0) isSlow = longestMs >= this.#patienceMs();
      });
    return async (work) => {
      if (isSlow) return runSlow(work);
      let done: Promise<void> | undefined;
      await this.#takeTurn(times, async () => {
        // It may have turned slow while this waited.
        done = isSlow ? runSlow(work) : work();
        if (!isSlow && (await this.#hold(times, done))) isSlow = true;
      });
      return done;
    };
  }

  isBusy(): boolean {
    return this.#holders.size > 0 || this.#waiting.size > 0;
  }

  /** Queues behind the site's own work; each free place goes to the site whose turn it is. */
  #takeTurn(times: AnswerTimes, turn: Turn): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(times) ?? [];
      queue.push(() => turn().then(resolve, reject));
      this.#waiting.set(times, queue);
      void this.#prompt(() => this.#next()?.());
    });
  }

  #next(): Turn | undefined {
    for (const [times, queue] of this.#waiting) {
      const turn = queue.shift();
      this.#waiting.delete(times);
      if (queue.length > 0) this.#waiting.set(times, queue); // behind all others
      return turn;
    }
    return undefined;
  }

  /** Until the work has ended, or the site has turned slow: then true. */
  async #hold(times: AnswerTimes, work: Promise<void>): Promise<boolean> {
    const slow = Promise.withResolvers<true>();
    const holder = { times, giveBack: () => slow.resolve(true) };
    this.#holders.add(holder);
    void this.#watch();
    try {
      return await Promise.race([work.then(() => this.#learn(times)), slow.promise]);
    } finally {
      this.#holders.delete(holder);
    }
  }

  #learn(times: AnswerTimes): false {
    const longest = times.takeLongestMs();
    if (longest > 0) this.#usualMs += (longest - this.#usualMs) / 10;
    return false;
  }

  #patienceMs(): number {
    return Math.min(longestPatienceMs, Math.max(shortestPatienceMs, 5 * this.#usualMs));
  }

  async #watch(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    while (this.#holders.size > 0) {
      await this.#clock.sleep(shortestPatienceMs / 2);
      const patienceMs = this.#patienceMs();
      for (const { times, giveBack } of this.#holders) {
        if (times.waitingMs() >= patienceMs) giveBack();
      }
    }
    this.#isWatching = false;
  }
}
