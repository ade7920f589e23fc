import { closeSync, fdatasync, openSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { FleetError } from "../core/errors.ts";
import type { Clock } from "../runtime/clock.ts";

const delayMs = 20;
/** Where somebody waits for it: long enough for others who have the same in mind. */
const awaitedMs = 4;
const flush = promisify(fdatasync);

/**
 * Writes of all sites, committed together: once in 20 ms, not once for each. What was committed outlives the process;
 * what must outlive the machine is waited for with `durable`, while everything else goes on. Whatever was written
 * before something else is on the disk before it, or together with it: the log is one file, and it is read in order.
 */
export class WriteBatch {
  /** Rejects when a batch could not be written. */
  readonly failed: Promise<never>;
  readonly #failure = Promise.withResolvers<never>();
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #log: number;
  #open: PromiseWithResolvers<void> | undefined;
  #isFlushed = false;
  #flushing: Promise<void> = Promise.resolve();
  #nextFlush: Promise<void> | undefined;

  /** Over a database that writes a log ahead, and the path of this log. */
  constructor(database: DatabaseSync, logPath: string, clock: Clock) {
    this.#database = database;
    this.#log = openSync(logPath, "r");
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
    this.#commitIn(delayMs, batch);
  }

  #commitIn(afterMs: number, batch: PromiseWithResolvers<void>): void {
    void this.#clock.sleep(afterMs).then(() => {
      if (this.#open === batch) this.#commit();
    });
  }

  async durable(): Promise<void> {
    const batch = this.#open;
    if (batch !== undefined) this.#commitIn(awaitedMs, batch);
    await batch?.promise;
    // A flush that is under way has begun before the last commit, perhaps: then the one after it counts.
    if (!this.#isFlushed) this.#nextFlush ??= this.#flushing.then(() => this.#flush());
    await (this.#nextFlush ?? this.#flushing);
  }

  #flush(): Promise<void> {
    this.#nextFlush = undefined;
    this.#isFlushed = true; // until the next commit
    this.#flushing = flush(this.#log);
    this.#flushing.catch((error: unknown) => this.#failure.reject(error));
    return this.#flushing;
  }

  /** Ends the batch now; nothing is written after it. */
  async close(): Promise<void> {
    this.#commit();
    await this.#flushing.catch(() => {}); // told by `failed`
    closeSync(this.#log);
  }

  #commit(): void {
    const batch = this.#open;
    this.#open = undefined;
    if (batch === undefined) return;
    try {
      this.#database.exec("COMMIT");
      this.#isFlushed = false;
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
