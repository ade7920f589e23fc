/**
 * Lets kustomize and Helm work for the newest head beside the loop. One head at a time: a newer one ends the work for
 * an older, and what that has found out is kept by the tools. What could not be found out is tried again, ever later.
 */
import type { RenderTools } from "../adapters/render-tools/render-tools.ts";
import { FleetError } from "../core/errors.ts";
import type { ToolRequest } from "../core/render/tools/tool-requests.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";

const baseMs = 5000;
const maxMs = 600_000;

interface Work {
  readonly commit: string;
  readonly ending: AbortController;
  state: "running" | "done";
  failure?: { readonly error: unknown; readonly againAt: number };
  attempts: number;
}

export class Preparation {
  readonly #tools: RenderTools;
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #signal: AbortSignal;
  #work: Work | undefined;

  constructor(means: {
    tools: RenderTools;
    clock: Clock;
    onReady: () => void;
    signal: AbortSignal;
  }) {
    this.#tools = means.tools;
    this.#clock = means.clock;
    this.#onReady = means.onReady;
    this.#signal = means.signal;
  }

  /** True when all requests of a commit are answered; else the work for them goes on. Throws why it came to no end. */
  isDone(commit: string, requests: readonly ToolRequest[]): boolean {
    if (this.#work?.commit !== commit) {
      this.#work?.ending.abort();
      this.#start(
        { commit, ending: new AbortController(), state: "running", attempts: 0 },
        requests,
      );
      return false;
    }
    const work = this.#work;
    if (work.failure === undefined) return work.state === "done";
    if (this.#clock.monotonic() < work.failure.againAt) throw work.failure.error;
    delete work.failure;
    this.#start(work, requests);
    return false;
  }

  #start(work: Work, requests: readonly ToolRequest[]): void {
    this.#work = work;
    work.state = "running";
    work.attempts += 1;
    void this.#run(work, requests).then(this.#onReady);
  }

  async #run(work: Work, requests: readonly ToolRequest[]): Promise<void> {
    try {
      await this.#tools.render(requests, AbortSignal.any([work.ending.signal, this.#signal]));
      work.state = "done";
    } catch (error) {
      const random = (): number => this.#clock.random();
      const waitMs = baseMs + backoffMs({ attempt: work.attempts, baseMs, maxMs, random });
      // A bug is told by the next pass, which ends the process: retrying would not mend it.
      const isExpected = error instanceof FleetError;
      const againAt = isExpected ? this.#clock.monotonic() + waitMs : Number.POSITIVE_INFINITY;
      work.failure = { error, againAt };
    }
  }
}
