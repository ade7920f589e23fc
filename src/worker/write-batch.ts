import type { DatabaseSync } from "node:sqlite";
import { FleetError } from "../core/errors.ts";
import type { Clock } from "../runtime/clock.ts";

const delayMs = 20;

/**
 * Writes of all sites, committed together: the disk is waited for once, not once for each. Whatever was written before
 * something else is on the disk before it, or together with it.
 */
export class WriteBatch {
  /** Rejects when a batch could not be written. */
  readonly failed: Promise<never>;
  readonly #failure = Promise.withResolvers<never>();
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  #open: PromiseWithResolvers<void> | undefined;

  constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.failed = this.#failure.promise;
    this.failed.catch(() => {}); // told to whoever waits for it
  }

  write(work: () => void): void {
    try {
      if (this.#open === undefined) this.#begin();
      work();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #begin(): void {
    this.#database.exec("BEGIN IMMEDIATE");
    const batch = Promise.withResolvers<void>();
    batch.promise.catch(() => {}); // told by `failed` too
    this.#open = batch;
    void this.#clock.sleep(delayMs).then(() => {
      if (this.#open === batch) this.commit();
    });
  }

  async durable(): Promise<void> {
    await this.#open?.promise;
  }

  /** Ends the batch now. */
  commit(): void {
    const batch = this.#open;
    this.#open = undefined;
    if (batch === undefined) return;
    try {
      this.#database.exec("COMMIT");
      batch.resolve();
    } catch (error) {
      batch.reject(this.#fail(error));
    }
  }

  #fail(cause: unknown): unknown {
    const error = isOfDatabase(cause)
      ? new FleetError("STATE_UNWRITABLE", "the worker's state cannot be written", {
          cause,
          hint: "make room on the disk of its state folder, and start it again",
          retry: "never",
        })
      : cause;
    this.#failure.reject(error);
    return error;
  }
}

/** What SQLite tells, such as a disk that is full; anything else is a bug. */
function isOfDatabase(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
}
