/** The heads that the controller has followed, one after the other, as far as its passes tell. */
export class FollowedHeads {
  readonly #heads: string[] = [];
  /** The first is the one of a control that was lost: what it says is from before, and so is what the next one takes over. */
  readonly #wasLost: boolean;
  #hasGaps = false;

  constructor({ ofLostControl = false }: { readonly ofLostControl?: boolean } = {}) {
    this.#wasLost = ofLostControl;
  }

  /** What a pass finds followed; it may have come after one that no pass was made for. */
  follow({ commit, previous }: { readonly commit: string; readonly previous?: string }): void {
    const last = this.#heads.at(-1);
    if (commit === last) return;
    if (last !== undefined && previous !== undefined && previous !== last) {
      this.#hasGaps = true;
      this.#heads.push(previous);
    }
    this.#heads.push(commit);
  }

  /** Those after a commit; none where it is not among them. "lost": it may not count any more. */
  since(commit: string): readonly string[] | "lost" {
    const at = this.#heads.lastIndexOf(commit);
    if (this.#wasLost && !this.#hasGaps && this.#heads.length > 1 && at < 2) return "lost";
    return at < 0 ? [] : this.#heads.slice(at + 1);
  }
}
