/**
 * Tells what became of each commit. The story of a commit is read from control's history, so a controller that starts
 * again, or died between two writes, tells the same; the sink keeps what was told, so that nothing is told twice.
 */
import type { ControlRepository } from "./control-repository.ts";
import { addEvents, isOver, type Ledger } from "./commit-ledger.ts";
import { type CommitStory, type Standing, storyOf } from "./commit-story.ts";
import type { HeadVerdict } from "./judge-head.ts";
import { parseEvents } from "./release-ledger.ts";

/** Commits of control that are read back at a start. */
const maxHistory = 2000;
/** Commits whose story is over that are told once more at a start, at most. */
const maxEnded = 50;

/** Where stories are told. */
export interface StorySink {
  set(wish: CommitStory & { readonly sha: string }): Promise<void>;
}

export interface StoryInput extends Standing {
  readonly controlHead: string | null;
  readonly verdict: HeadVerdict;
}

export class CommitStatuses {
  readonly #control: ControlRepository;
  readonly #sink: StorySink;
  #ledger: Ledger = new Map();
  #readUpTo: string | null = null;

  constructor(control: ControlRepository, sink: StorySink) {
    this.#control = control;
    this.#sink = sink;
  }

  /** Tells the sink what every commit's status should be now. */
  async tell(input: StoryInput): Promise<void> {
    await this.#readHistory(input.controlHead);
    const { verdict } = input;
    const refused = verdict.verdict === "refused" ? verdict.commit : null;
    if (verdict.verdict === "refused") {
      const { commit: sha, reason: description, isUndecided = false } = verdict;
      await this.#sink.set({ sha, state: isUndecided ? "pending" : "failure", description });
    }
    for (const [sha, work] of this.#ledger) {
      // One commit, one word: a branch that was set back is at a commit that has a story already.
      if (sha === refused) continue;
      await this.#sink.set({ sha, ...storyOf(work, input) });
    }
    this.#forgetEnded();
  }

  async #readHistory(head: string | null): Promise<void> {
    if (head === null || head === this.#readUpTo) return;
    const messages = await this.#control.messagesSince(this.#readUpTo, head, maxHistory);
    this.#ledger = addEvents(this.#ledger, messages.flatMap(parseEvents));
    this.#readUpTo = head;
  }

  /** What has ended and was told needs no more telling; the newest stay, as a late event may still concern them. */
  #forgetEnded(): void {
    const entries = [...this.#ledger];
    const ended = entries.filter(([, work]) => isOver(work));
    const dropped = new Set(ended.slice(0, -maxEnded).map(([sha]) => sha));
    this.#ledger = new Map(entries.filter(([sha]) => !dropped.has(sha)));
  }
}
