import type { DecisionAnswer } from "../core/protocol/api.ts";
import type { AskedDecision } from "./decision-body.ts";

interface Letter {
  readonly asked: AskedDecision;
  readonly settle: {
    readonly resolve: (answer: DecisionAnswer) => void;
    readonly reject: (error: unknown) => void;
  };
}

/** Operators' decisions on their way to the one writer, in the order in which they came. */
export class Inbox {
  #letters: Letter[] = [];
  readonly #wake: () => void;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Resolves when the decision is a commit on control; rejects when it is refused. */
  async ask(asked: AskedDecision): Promise<DecisionAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<DecisionAnswer>();
    this.#letters.push({ asked, settle: { resolve, reject } });
    this.#wake();
    return promise;
  }

  /** Carries out all that have come in. What fails is told to who asked, and to nobody else. */
  async handle(decide: (asked: AskedDecision) => Promise<DecisionAnswer>): Promise<void> {
    for (let letter = this.#letters.shift(); letter; letter = this.#letters.shift()) {
      try {
        letter.settle.resolve(await decide(letter.asked));
      } catch (error) {
        letter.settle.reject(error);
      }
    }
  }
}
