import type { FileAuthor, FleetFetcher } from "../adapters/git/fleet-fetcher.ts";

/** What is asked of the clone here. */
type SourceClone = Pick<FleetFetcher, "keepSources" | "isAncestor" | "between" | "authorOf">;

/** The clone of the fleet repository, asked only for what is not known yet. */
export class Sources {
  readonly #fetcher: SourceClone;
  #kept = "";
  #ancestry = new Map<string, boolean>();

  constructor(fetcher: SourceClone) {
    this.#fetcher = fetcher;
  }

  /** Keeps exactly these commits readable from now on. */
  async keep(commits: ReadonlySet<string>): Promise<void> {
    const key = [...commits].toSorted().join(" ");
    if (key === this.#kept) return;
    await this.#fetcher.keepSources([...commits]);
    this.#kept = key;
  }

  /** True when `ancestor` is `descendant` or one of its ancestors; history never changes, so the answer is kept. */
  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const key = `${ancestor} ${descendant}`;
    const known = this.#ancestry.get(key);
    if (known !== undefined) return known;
    const answer = await this.#fetcher.isAncestor(ancestor, descendant);
    this.#ancestry = new Map([[key, answer]]);
    return answer;
  }

  /** What the branch was at after one commit and before another, oldest first. */
  async between(older: string, newer: string): Promise<readonly string[]> {
    return this.#fetcher.between(older, newer);
  }

  /** Who last changed a file, as a commit has it, and in which commit. */
  async authorOf(commit: string, path: string): Promise<FileAuthor> {
    return this.#fetcher.authorOf(commit, path);
  }
}
