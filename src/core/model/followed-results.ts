import { KeptResults } from "./kept-results.ts";
import { NamedEntries } from "./named-entries.ts";
import { PatchedMap } from "./patched-map.ts";

type Entries<V> = ReadonlyMap<string, V>;

/** Entries that are others than they were, new or gone. */
export interface EntryChanges<V> {
  readonly names: readonly string[];
  readonly before: Entries<V>;
  readonly now: Entries<V>;
}

/** The ways to a result of entries. Both come to the same. */
interface Ways<V, Result> {
  readonly make: () => Result;
  /** From the result of other entries; undefined: it has to be made. */
  readonly follow: (last: Result, changes: EntryChanges<V>) => Result | undefined;
}

interface Last<V extends object, Result> {
  known?: { readonly entries: NamedEntries<V>; readonly result: Result };
}

/**
 * Results of what all entries of a kind say together, each made from the one of the commit before in the time that the
 * changed entries take. A result never depends on what is kept.
 */
export class FollowedResults<V extends object, Result> {
  readonly #kept = new KeptResults<Entries<V>, Result>();
  readonly #last = new KeptResults<object, Last<V, Result>>();

  /** `inputs`: all else that the result depends on. */
  get(entries: Entries<V>, inputs: readonly unknown[], { make, follow }: Ways<V, Result>): Result {
    return this.#kept.get(entries, inputs, () => {
      if (!(entries instanceof NamedEntries)) return make();
      const now = entries as NamedEntries<V>; // what it holds is known of the map
      const last = this.#last.get(now.line, inputs, () => ({}));
      const changes = last.known && changesOf(last.known.entries, now);
      const followed = last.known && changes && follow(last.known.result, changes);
      const result = followed ?? make();
      last.known = { entries: now, result };
      return result;
    });
  }
}

/** Undefined where so much is another that following takes as long as making. */
function changesOf<V extends object>(
  before: NamedEntries<V>,
  now: NamedEntries<V>,
): EntryChanges<V> | undefined {
  const names = now.changedSince(before);
  return names.length * 2 > now.size ? undefined : { names, before, now };
}

/** What is found of single entries, by name, where there is something: only those that have changed are looked at. */
export class FollowedFindings<V extends object, Found extends object | string | number> {
  readonly #results = new FollowedResults<V, PatchedMap<string, Found>>();

  /** `inputs`: all that `find` goes by beside the entry. The order is none. */
  get(
    entries: Entries<V>,
    inputs: readonly unknown[],
    find: (entry: V, name: string) => Found | undefined,
  ): ReadonlyMap<string, Found> {
    const make = (): PatchedMap<string, Found> => {
      const found = new Map<string, Found>();
      for (const [name, entry] of entries) {
        const one = find(entry, name);
        if (one !== undefined) found.set(name, one);
      }
      return new PatchedMap(found);
    };
    return this.#results.get(entries, inputs, {
      make,
      follow: (last, { names, now }) =>
        last.with(
          names.map((name) => {
            const entry = now.get(name);
            return [name, entry && find(entry, name)] as const;
          }),
        ),
    });
  }
}
