/** What git leaves in a file where it could not merge two commits: lines that no YAML begins with in the first column. */

/** From its first marker to the end of the line of its last one, as offsets. */
interface MergeConflict {
  readonly start: number;
  readonly end: number;
}

const marker = /^(?:<{7}|\|{7}|={7}|>{7})(?=[ \r]|$)/gm;

/** The conflicts of a text, and what is left of some; looked for when one is asked for. */
export class MergeConflicts {
  readonly #text: string;
  #all: readonly MergeConflict[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** At most `most`, from the first in which one of these offsets is. */
  from(offsets: readonly number[], most: number): readonly MergeConflict[] {
    for (const offset of offsets.toSorted((a, b) => a - b)) {
      const all = this.#conflicts();
      const index = firstTill(offset, all);
      if ((all[index]?.start ?? Infinity) <= offset) return all.slice(index, index + most);
    }
    return [];
  }

  get isNone(): boolean {
    return this.#conflicts().length === 0;
  }

  /** Where one begins in a part of the text; undefined: none does. */
  startIn(from: number, to: number): number | undefined {
    const all = this.#conflicts();
    const start = all[firstTill(from, all)]?.start ?? Infinity;
    return from <= start && start < to ? start : undefined;
  }

  #conflicts(): readonly MergeConflict[] {
    this.#all ??= conflictsIn(this.#text);
    return this.#all;
  }
}

/** The first that does not end before an offset. */
function firstTill(offset: number, conflicts: readonly MergeConflict[]): number {
  let [low, high] = [0, conflicts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((conflicts[middle]?.end ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function conflictsIn(text: string): readonly MergeConflict[] {
  const found: MergeConflict[] = [];
  let open: number | undefined;
  for (const { 0: written, index } of text.matchAll(marker)) {
    if (written.startsWith("<")) open ??= index;
    else if (open === undefined || written.startsWith(">")) {
      found.push({ start: open ?? index, end: lineEnd(text, index) });
      open = undefined;
    }
  }
  return open === undefined ? found : [...found, { start: open, end: lineEnd(text, open) }];
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
