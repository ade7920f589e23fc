/**
 * Tells what became of each commit. The story of a commit is read from control's history, so a controller that starts
 * again, or died between two writes, tells the same; the sink keeps what was told, so that nothing is told twice.
 */
import { FleetError } from "../core/errors.ts";
import type { ControlState } from "../core/rollout/planner-types.ts";
import type { ControlRepository } from "./control-repository.ts";
import { addEvents, isOver, type Ledger } from "./commit-ledger.ts";
import { type CommitStory, type Standing, storyOf } from "./commit-story.ts";
import type { HeadVerdict } from "./judge-head.ts";
import { olderWork, unknownWork } from "./older-work.ts";
import { startOf } from "./release-events.ts";
import { eventMark, parseEvents, type ReleaseEvent } from "./release-ledger.ts";
import { shortId } from "./short-id.ts";
import type { Sources } from "./sources.ts";

/** Commits of control that are read back at a start. */
const maxHistory = 2000;
/** Commits whose story is over that are told once more at a start, at most. */
const maxEnded = 50;
/** Commits between two heads that are told which superseded them, the newest ones: each costs a request. */
const maxSkipped = 50;

/** Where stories are told. */
export interface StorySink {
  set(wish: CommitStory & StoryMarks): Promise<void>;
  /** Commits that were told last that they are undecided, also by a controller before this one. */
  undecided(): readonly string[];
}

interface StoryMarks {
  readonly sha: string;
  /** What it was told before stays, but for `pending`. */
  readonly isLate?: true;
  /** Nobody knows whether it may be followed. */
  readonly isUndecided?: true;
}

export interface StoryInput extends Standing {
  readonly controlHead: string | null;
  /** What is there at that head. */
  readonly apps: ControlState["apps"];
  readonly sites: ControlState["sites"];
  readonly verdict: HeadVerdict;
  /** Where the branch is; null: not known yet. */
  readonly seen: string | null;
}

export class CommitStatuses {
  readonly #control: ControlRepository;
  readonly #sink: StorySink;
  readonly #sources: Pick<Sources, "between">;
  #ledger: Ledger = new Map();
  /** What is under way was looked for as far back as it began: that is done once, for all of history may be read. */
  #hasSought = false;
  #readUpTo: string | null = null;
  /** The newest head that was followed. */
  #followed: string | null = null;
  /** What is still to be told of commits between heads. */
  #steps: readonly Step[] = [];

  constructor(control: ControlRepository, sink: StorySink, sources: Pick<Sources, "between">) {
    this.#control = control;
    this.#sink = sink;
    this.#sources = sources;
  }

  /** Tells the sink what every commit's status should be now. */
  async tell(input: StoryInput): Promise<void> {
    await this.#readHistory(input.controlHead);
    await this.#seekOlder(input);
    this.#addOpen(input.apps);
    const { verdict } = input;
    const refused = verdict.verdict === "refused" ? verdict.commit : null;
    if (verdict.verdict === "refused") {
      const { commit: sha, reason: description, isUndecided } = verdict;
      await this.#sink.set(
        isUndecided === true
          ? { sha, state: "pending", description, isUndecided }
          : { sha, state: "failure", description },
      );
    }
    for (const [sha, work] of this.#ledger) {
      // One commit, one word: a branch that was set back is at a commit that has a story already.
      if (sha === refused) continue;
      await this.#sink.set({ sha, ...storyOf(work, input) });
    }
    await this.#tellUndecided(input.seen);
    await this.#tellSteps();
    this.#forgetEnded();
  }

  /** Nobody looks at it any more where the branch is at another commit: then it does not stay pending. */
  async #tellUndecided(seen: string | null): Promise<void> {
    if (seen === null) return;
    const left = this.#sink.undecided().filter((sha) => sha !== seen);
    for (const sha of left) await this.#tellLate(sha, seen);
  }

  /** Where one cannot be told now it is told with the next pass. */
  async #tellSteps(): Promise<void> {
    for (const step of this.#steps) {
      await this.#tellSkipped(step);
      this.#steps = this.#steps.slice(1);
    }
  }

  async #readHistory(head: string | null): Promise<void> {
    if (head === null || head === this.#readUpTo) return;
    const messages = await this.#control.messagesSince(this.#readUpTo, head, maxHistory);
    const events = messages.flatMap(parseEvents);
    this.#ledger = addEvents(this.#ledger, events);
    const isStart = this.#readUpTo === null;
    this.#readUpTo = head;
    const steps = this.#stepsOf(events);
    this.#steps = [...this.#steps, ...(isStart ? steps.slice(-1) : steps)];
  }

  /** Sites that a commit brings an app to, or moves, may have been on their way for longer than is read. */
  async #seekOlder({ controlHead, ...underWay }: StoryInput): Promise<void> {
    const unknown = unknownWork(this.#ledger, underWay);
    if (this.#hasSought || controlHead === null || unknown.size === 0) return;
    const history = this.#control.history({ from: controlHead, telling: eventMark });
    this.#ledger = new Map([...this.#ledger, ...(await olderWork(history, unknown))]);
    this.#hasSought = true;
  }

  /** What is open may have begun further back than is read: its commit is not through. */
  #addOpen(apps: ControlState["apps"]): void {
    const open = Object.values(apps).flatMap((app) => app.open);
    const unread = open.filter(({ app, id, source }) => {
      const known = this.#ledger.get(source)?.releases ?? [];
      return !known.some((each) => each.app === app && each.release === id);
    });
    this.#ledger = addEvents(this.#ledger, unread.map(startOf));
  }

  /** From each head that was followed to the next one. */
  #stepsOf(events: readonly ReleaseEvent[]): readonly Step[] {
    const steps: Step[] = [];
    for (const event of events) {
      if (event.event !== "followed") continue;
      if (this.#followed !== null) steps.push({ from: this.#followed, to: event.source });
      this.#followed = event.source;
    }
    return steps;
  }

  /** What the branch was at between two polls never was a head: it came with the next one. */
  async #tellSkipped({ from, to }: Step): Promise<void> {
    const skipped = await this.#sources.between(from, to).catch(noneWithout);
    for (const sha of skipped.slice(-maxSkipped)) await this.#tellLate(sha, to);
  }

  async #tellLate(sha: string, newer: string): Promise<void> {
    if (this.#ledger.has(sha)) return;
    const description = `superseded by ${shortId(newer)} before it was followed`;
    await this.#sink.set({ sha, state: "failure", description, isLate: true });
  }

  /** What has ended and was told needs no more telling; the newest stay, as a late event may still concern them. */
  #forgetEnded(): void {
    const entries = [...this.#ledger];
    const ended = entries.filter(([, work]) => isOver(work));
    const dropped = new Set(ended.slice(0, -maxEnded).map(([sha]) => sha));
    this.#ledger = new Map(entries.filter(([sha]) => !dropped.has(sha)));
  }
}

interface Step {
  readonly from: string;
  readonly to: string;
}

/** The history was rewritten since, and the clone has it no more: nobody sees those commits. */
function noneWithout(error: unknown): readonly string[] {
  if (error instanceof FleetError && error.code === "GIT_NOT_FOUND") return [];
  throw error;
}
