/** The fleet repository and its remote, in memory. */
import { FleetError } from "../../src/core/errors.ts";
import type { WorldPorts } from "../../src/controller/world-with.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { filesOf } from "./fleet-files.ts";
import type { StoryHead } from "./fleet-story.ts";
import type { Life } from "./virtual-time.ts";

export class Repository {
  readonly #commits: StoryHead[];

  constructor(commits: readonly StoryHead[] = []) {
    this.#commits = [...commits];
  }

  copy(): Repository {
    return new Repository(this.#commits);
  }

  /** Commits on top of the branch. */
  commit(head: StoryHead): void {
    this.#commits.push(head);
  }

  get isEmpty(): boolean {
    return this.#commits.length === 0;
  }

  get head(): StoryHead {
    return this.#byIndex(this.#commits.length - 1);
  }

  get previous(): StoryHead {
    return this.#byIndex(Math.max(0, this.#commits.length - 2));
  }

  /** Id of the newest commit. */
  get headId(): string {
    return idOf(this.#commits.length - 1);
  }

  /** The way of one life of a controller to it. */
  fetcher(life: Life, clock: Clock): WorldPorts["fleet"] {
    const slowly = async <T>(read: () => T): Promise<T> => {
      await clock.sleep(clock.random() * 20);
      return life.guard(Promise.resolve(read()));
    };
    return {
      poll: () => slowly(() => ({ head: this.headId })),
      fetch: () => slowly(() => undefined),
      keepSources: () => Promise.resolve([]),
      isAncestor: (ancestor, descendant) =>
        Promise.resolve(indexOf(ancestor) <= indexOf(descendant)),
      between: (older, newer) => Promise.resolve(this.between(older, newer)),
      authorOf: (commit) => Promise.resolve({ name: "somebody", commit }),
      files: (commit) => Promise.resolve(filesOf(this.at(commit))),
      maintain: () => Promise.resolve(),
    };
  }

  /** The commits after one and before another. */
  between(older: string, newer: string): string[] {
    const first = indexOf(older) + 1;
    const count = Math.max(0, indexOf(newer) - first);
    return Array.from({ length: count }, (_, index) => idOf(first + index));
  }

  /** What a commit says. */
  at(commit: string): StoryHead {
    return this.#byIndex(indexOf(commit));
  }

  #byIndex(index: number): StoryHead {
    const head = this.#commits[index];
    if (head === undefined) throw new FleetError("GIT_NOT_FOUND", `there is no commit ${index}`);
    return head;
  }
}

function idOf(index: number): string {
  return String(index).padStart(40, "0");
}

function indexOf(commit: string): number {
  return Number(commit);
}
