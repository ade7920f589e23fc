const shortest = 6;
/** So much of a value is looked for; what follows is taken out as far as it is the value, which may be cut off. */
const keyLength = 16;
/** What stands where a text was cut. */
const cutMarks = ["…", "...", " [shortened]"] as const;
const longest = 4096;
const maxKnown = 200_000;
const maxCharacters = 64 * 1024 * 1024;
/** Names of things, as a rule: `postgres`, `missing`. */
const simpleWord = /^[a-z-]{1,12}$/;

/** Where a value begins in a text, and where what is known of it ends. */
interface Find {
  readonly start: number;
  readonly end: number;
}

/**
 * Values to be found again in texts, those that were met last. They are found by their first characters: what a look
 * costs follows the length of the text, and not how many there are, but for those that begin as something in it does.
 */
export class KnownValues {
  readonly #values = new Set<string>();
  readonly #byStart = new Map<string, string[]>();
  #characters = 0;

  /** Too short ones and simple words are not kept: they would be found everywhere. */
  keep(value: string): void {
    if (value.length < shortest || simpleWord.test(value)) return;
    // One more than is compared tells that there is more.
    const kept = value.slice(0, longest + 1);
    if (this.#values.delete(kept)) this.#values.add(kept);
    else this.#add(kept);
    if (this.#values.size > maxKnown || this.#characters > maxCharacters) this.#forgetOldest();
  }

  /** In the order of the text, apart from each other. */
  findIn(text: string): readonly Find[] {
    const finds: Find[] = [];
    let found: Find = { start: 0, end: 0 };
    for (let start = 0; start + shortest <= text.length; start += 1) {
      const end = this.#endAt(text, start);
      if (end <= found.end) continue;
      const isLonger = start < found.end;
      found = { start: isLonger ? found.start : start, end };
      if (isLonger) finds.pop();
      finds.push(found);
      if (end === text.length) break;
    }
    return finds;
  }

  /** Where the longest value that begins there ends; 0: none does. */
  #endAt(text: string, start: number): number {
    let end = 0;
    for (const value of this.#byStart.get(text.slice(start, start + shortest)) ?? []) {
      let length = shortest;
      while (length < value.length && text[start + length] === value[length]) length += 1;
      const isEnough = length >= Math.min(keyLength, value.length);
      if (!isEnough && !isCut(text, start, start + length)) continue;
      // What follows is the rest of it, and not known.
      end = Math.max(end, length > longest ? text.length : start + length);
    }
    return end;
  }

  #add(value: string): void {
    this.#values.add(value);
    this.#characters += value.length;
    const start = value.slice(0, shortest);
    const same = this.#byStart.get(start);
    if (same === undefined) this.#byStart.set(start, [value]);
    else same.push(value);
  }

  /** Many at once, so that it is seldom. */
  #forgetOldest(): void {
    const kept = [...this.#values].slice(Math.ceil(this.#values.size / 10));
    this.#values.clear();
    this.#byStart.clear();
    this.#characters = 0;
    for (const value of kept) this.#add(value);
  }
}

/**
 * Whether somebody cut the text there, so that less of a value stands in it than is looked for elsewhere. At its mere end
 * a simple word is as a rule not what is left of a value that begins with it (`password` of `password-1!`).
 */
function isCut(text: string, start: number, end: number): boolean {
  if (end === text.length) return !simpleWord.test(text.slice(start));
  // The value may go on as the mark begins.
  return cutMarks.some((mark) =>
    text.slice(Math.max(start, end - mark.length + 1), end + mark.length).includes(mark),
  );
}
