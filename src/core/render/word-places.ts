/** Positions in a list by words of what stands there. */
export class WordPlaces {
  readonly #places = new Map<string, Set<number>>();

  /** What stands at a position has these words now; those that it had before are not forgotten. */
  note(place: number, words: Iterable<string>): void {
    for (const word of words) {
      const known = this.#places.get(word);
      if (known === undefined) this.#places.set(word, new Set([place]));
      else known.add(place);
    }
  }

  /** Positions of all that has, or once had, a word; in order. */
  of(word: string): readonly number[] {
    return [...(this.#places.get(word) ?? [])].toSorted((a, b) => a - b);
  }
}
