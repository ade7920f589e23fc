import { isSameList } from "./is-same-list.ts";
import { MapView } from "./map-view.ts";
import { PatchedMap } from "./patched-map.ts";

/** What some files have of a kind, by name: the same list for the same files. */
export type NamedPart<V> = readonly (readonly [name: string, entry: V])[];

/**
 * Entries of many files by name, in the order of the files. Made from those of the commit before in the time that the changed
 * files take, and compared with any others in that time: whoever asks something of each entry need not ask all again.
 */
export class NamedEntries<V extends object> extends MapView<string, V> {
  readonly #parts: readonly NamedPart<V>[];
  readonly #byName: PatchedMap<string, V>;
  /** The same for all that were made one from the other: what is known of the last of them is kept with it. */
  readonly line: object;

  private constructor(
    parts: readonly NamedPart<V>[],
    byName: PatchedMap<string, V>,
    line: object = {},
  ) {
    super();
    this.#parts = parts;
    this.#byName = byName;
    this.line = line;
  }

  /** Undefined where a name stands twice in the parts. `before`: what most of them are in already. */
  static of<V extends object>(
    parts: readonly NamedPart<V>[],
    before: NamedEntries<V> = new NamedEntries<V>([], new PatchedMap(new Map())),
  ): NamedEntries<V> | undefined {
    const { gone, added } = changedParts(before.#parts, parts);
    const changes = new Map<string, V | undefined>();
    for (const [name] of gone.flat()) changes.set(name, undefined);
    for (const [name, entry] of added.flat()) {
      const known = changes.has(name) ? changes.get(name) : before.get(name);
      if (known !== undefined) return undefined;
      changes.set(name, entry);
    }
    return new NamedEntries(parts, before.#byName.with(changes), before.line);
  }

  /** Names of entries that are others than in an earlier map, new or gone. */
  changedSince(before: NamedEntries<V>): readonly string[] {
    const { gone, added } = changedParts(before.#parts, this.#parts);
    const names = new Set([...gone, ...added].flat().map(([name]) => name));
    return [...names].filter((name) => before.get(name) !== this.get(name));
  }

  /** True for entries of the very same parts, in this order. */
  isOf(parts: readonly NamedPart<V>[]): boolean {
    return isSameList(this.#parts, parts);
  }

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): V | undefined {
    return this.#byName.get(name);
  }

  *entries(): Generator<[string, V], undefined> {
    for (const part of this.#parts) for (const [name, entry] of part) yield [name, entry];
  }
}

interface ChangedParts<V> {
  readonly gone: readonly NamedPart<V>[];
  readonly added: readonly NamedPart<V>[];
}

/** Parts of one list that are not in the other. What both begin and end with is passed over. */
function changedParts<V>(
  before: readonly NamedPart<V>[],
  now: readonly NamedPart<V>[],
): ChangedParts<V> {
  let start = 0;
  while (start < before.length && before[start] === now[start]) start += 1;
  const longest = Math.min(before.length, now.length) - start;
  let end = 0;
  while (end < longest && before.at(-1 - end) === now.at(-1 - end)) end += 1;
  const [old, fresh] = [before, now].map(
    (parts) => new Set(parts.slice(start, parts.length - end)),
  );
  return { gone: onlyIn(old, fresh), added: onlyIn(fresh, old) };
}

function onlyIn<T>(parts: ReadonlySet<T> = new Set(), others: ReadonlySet<T> = new Set()): T[] {
  return [...parts].filter((part) => !others.has(part));
}
