/**
 * Bounds how often credentials may be guessed: by address and door, 20 at once and then one every 3 s. Who is over it is
 * refused unheard. One door's failures close no other: a worker with a wrong token shuts out nobody behind its address.
 */
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { HttpRefusal } from "./answer-error.ts";
import { peerOf } from "./listen-address.ts";

const burst = 20;
const refillMs = 3000;
/** Address and door together; who failed longest ago is forgotten first. */
const maxKept = 2048;

interface Bucket {
  readonly left: number;
  /** Monotonic ms. */
  readonly at: number;
}

export class FailedAttempts {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a check of a credential that is there; one that throws UNAUTHORIZED is counted. Refuses with 429. */
  async guard<T>(
    { peer, door }: { readonly peer: string; readonly door: string },
    check: () => T | Promise<T>,
  ): Promise<T> {
    const key = `${peerOf(peer)} ${door}`;
    if (this.#left(key) < 1) {
      throw new HttpRefusal(429, "too many wrong tokens came from this address", {
        hint: "mend the token, and try again in a minute",
      });
    }
    try {
      return await check();
    } catch (error) {
      if (error instanceof FleetError && error.code === "UNAUTHORIZED") this.#count(key);
      throw error;
    }
  }

  #left(key: string): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.left + (this.#clock.monotonic() - bucket.at) / refillMs);
  }

  #count(key: string): void {
    const left = Math.max(0, this.#left(key) - 1);
    this.#buckets.delete(key);
    this.#buckets.set(key, { left, at: this.#clock.monotonic() });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > maxKept && oldest !== undefined) this.#buckets.delete(oldest);
  }
}
