/** A longer one is no name that somebody has mistyped. */
const maxLength = 400;

/** The known name that a mistyped one most likely means; undefined when none is near. */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  return new KnownNames(known).closest(name);
}

/** Names that there are, for asking more than once. */
export class KnownNames {
  /** Each once. */
  readonly all: ReadonlySet<string>;
  #ordered: readonly KnownName[] | undefined;
  #sorted: readonly string[] | undefined;

  constructor(names: Iterable<string>) {
    this.all = new Set(names);
  }

  get sorted(): readonly string[] {
    this.#sorted ??= [...this.all].toSorted();
    return this.#sorted;
  }

  /** As `closestName`. What one costs does not grow with how many names there are. */
  closest(name: string): string | undefined {
    if (name.length > maxLength) return undefined;
    this.#ordered ??= ordered(this.all);
    const typed = name.toLowerCase();
    // Most are one letter off, and of those there are few to look at.
    const farthest = Math.min(3, Math.floor(name.length / 3));
    return (
      nearest(typed, this.#ordered, 1) ??
      (farthest > 1 ? nearest(typed, this.#ordered, farthest) : undefined)
    );
  }
}

interface KnownName {
  readonly name: string;
  readonly lower: string;
}

/** Those that begin alike are neighbours. */
function ordered(names: ReadonlySet<string>): readonly KnownName[] {
  const all = [...names].map((name) => ({ name, lower: name.toLowerCase() }));
  return all.toSorted((a, b) => (a.lower < b.lower ? -1 : 1));
}

/** Beginnings of names that are compared for one mistyped name: many more than there are near any but made-up names. */
const maxCompared = 2000;

function nearest(typed: string, known: readonly KnownName[], farthest: number): string | undefined {
  const distances = new Distances(typed, farthest);
  let best: string | undefined;
  let at = 0;
  for (let next = known[at]; next !== undefined; next = known[at]) {
    if (distances.compared > maxCompared) break;
    const { name, lower } = next;
    const far = distances.read(lower);
    if (far !== undefined) {
      at = firstWithout(lower.slice(0, far), known, at);
      continue;
    }
    at += 1;
    const distance = distances.last;
    if (distance > distances.most) continue;
    if (best === undefined || distance < distances.most || name < best) best = name;
    distances.most = distance;
  }
  return best;
}

/** Where the names end that begin like this, the first of which is at `from`. */
function firstWithout(start: string, known: readonly KnownName[], from: number): number {
  const begins = (at: number): boolean => known[at]?.lower.startsWith(start) === true;
  // Mostly there is one, or few.
  let [low, high] = [from + 1, from + 1];
  for (let step = 1; begins(high); step *= 2) [low, high] = [high + 1, high + step];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (begins(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Letters to insert, remove or replace, and neighbours to swap, between one text and others, one read after the other: what
 * one begins with like the one before is not compared again.
 */
class Distances {
  /** What is farther is not told apart. */
  most: number;
  /** Beginnings compared so far. */
  compared = 0;
  readonly #typed: string;
  readonly #width: number;
  /** By letters read: the distances from each beginning of the one text, and the least of them. */
  readonly #rows: Row[] = [];
  #read = "";

  constructor(typed: string, most: number) {
    this.#typed = typed;
    this.most = most;
    this.#width = most;
    const { distances } = this.#row(0);
    for (let column = 0; column <= Math.min(most, typed.length); column++)
      distances[column] = column;
  }

  /** Of what was read last; some number above `most` where it is farther. */
  get last(): number {
    return at(this.#row(this.#read.length), this.#typed.length);
  }

  /** Reads a text; gives how many letters it takes to see that nothing which begins with them is near enough. */
  read(text: string): number | undefined {
    const shared = sharedStart(text, this.#read);
    for (let length = shared + 1; length <= text.length; length++) {
      this.#compare(text, length);
      const least = Math.min(this.#row(length).least, this.#row(length - 1).least);
      if (least > this.most) {
        this.#read = text.slice(0, length);
        return length;
      }
    }
    this.#read = text;
    return undefined;
  }

  #compare(text: string, length: number): void {
    this.compared += 1;
    const [row, last, beforeLast] = [
      this.#row(length),
      this.#row(length - 1),
      this.#row(length - 2),
    ];
    const typed = this.#typed;
    const [letter, letterBefore] = [text.charCodeAt(length - 1), text.charCodeAt(length - 2)];
    // Farther from here, the lengths alone are too different.
    const to = Math.min(length + this.#width, typed.length);
    let least = far;
    for (let column = Math.max(0, length - this.#width); column <= to; column++) {
      const other = typed.charCodeAt(column - 1);
      let distance = Math.min(at(last, column), at(row, column - 1)) + 1;
      distance = Math.min(distance, at(last, column - 1) + (letter === other ? 0 : 1));
      if (letterBefore === other && letter === typed.charCodeAt(column - 2)) {
        distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      }
      row.distances[column] = distance;
      least = Math.min(least, distance);
    }
    row.least = least;
  }

  #row(length: number): Row {
    return (this.#rows[length] ??= {
      distances: new Uint8Array(this.#typed.length + 1).fill(far),
      least: 0,
    });
  }
}

/** More than any distance that is told. */
const far = 100;

interface Row {
  readonly distances: Uint8Array;
  least: number;
}

function at({ distances }: Row, column: number): number {
  return distances[column] ?? far;
}

function sharedStart(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let length = 0;
  while (length < shorter && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}
