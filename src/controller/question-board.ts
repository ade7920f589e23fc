import { randomUUID } from "node:crypto";
import { type ErrorCode, errorCodes, FleetError } from "../core/errors.ts";
import type { SiteAnswer, SiteDiff, SiteQuestion } from "../core/protocol/site-diff.ts";
import type { Clock } from "../runtime/clock.ts";

/** A worker has given up by then. */
const patienceMs = 25_000;

interface Pending {
  readonly mirror: string;
  readonly question: SiteQuestion;
  readonly answered: PromiseWithResolvers<SiteAnswer>;
}

/** Questions to workers that are not answered yet: at most one per site, none for longer than 25 s. */
export class QuestionBoard {
  readonly #clock: Clock;
  readonly #wake: (mirror: string) => void;
  readonly #pending = new Map<string, Pending>();

  /** `wake`: tells a mirror's worker that there is a question. */
  constructor(options: { readonly clock: Clock; readonly wake: (mirror: string) => void }) {
    this.#clock = options.clock;
    this.#wake = options.wake;
  }

  /** The worker's answer. WORKER_SILENT when none comes, NOT_NOW while the site is being asked, else the worker's refusal. */
  async ask(
    { mirror, site, app }: { mirror: string; site: string; app: string | null },
    signal: AbortSignal,
  ): Promise<SiteDiff> {
    if ([...this.#pending.values()].some(({ question }) => question.site === site)) {
      const hint = "wait for the answer to the other question";
      throw new FleetError("NOT_NOW", `site ${site} is being asked already`, { hint });
    }
    const question = { id: randomUUID(), site, app };
    const answered = Promise.withResolvers<SiteAnswer>();
    this.#pending.set(question.id, { mirror, question, answered });
    const over = new AbortController();
    try {
      this.#wake(mirror);
      const until = AbortSignal.any([signal, over.signal]);
      const late = this.#clock.sleep(patienceMs, until).then(() => null);
      const diff = resultOf(await Promise.race([answered.promise, late]), mirror);
      return { ...diff, site };
    } finally {
      over.abort();
      this.#pending.delete(question.id);
    }
  }

  /** The questions to the worker of a mirror that wait for their answer. */
  waiting(mirror: string): readonly SiteQuestion[] {
    return [...this.#pending.values()]
      .filter((pending) => pending.mirror === mirror)
      .map(({ question }) => question);
  }

  /** Takes an answer in; what nobody waits for any more, or what another mirror's worker was asked, is let go. */
  take(mirror: string, answer: SiteAnswer): void {
    const pending = this.#pending.get(answer.id);
    if (pending?.mirror === mirror) pending.answered.resolve(answer);
  }
}

function resultOf(answer: SiteAnswer | null, mirror: string): SiteDiff {
  if (answer?.diff !== undefined) return answer.diff;
  if (answer?.refusal !== undefined) {
    const { code, message, hint } = answer.refusal;
    throw new FleetError(knownCode(code), message, hint === undefined ? {} : { hint });
  }
  throw new FleetError(
    "WORKER_SILENT",
    `the worker of ${mirror} did not answer within ${patienceMs / 1000} s`,
    { hint: "it may be of a version that cannot be asked, or cut off from the controller" },
  );
}

/** Whether the caller may ask is not the worker's to say. */
function knownCode(code: string): ErrorCode {
  const isKnown = Object.hasOwn(errorCodes, code) && !["UNAUTHORIZED", "FORBIDDEN"].includes(code);
  return isKnown ? (code as ErrorCode) : "API_REFUSED"; // just looked up
}
