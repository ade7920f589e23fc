import { MapView } from "./map-view.ts";

/**
 * A map that is another one but for some entries. Made in the time that these take, however large the other is, and as
 * good to ask; what was made of it before stays as it is.
 */
export class PatchedMap<K, V> extends MapView<K, V> {
  readonly size: number;
  readonly #base: ReadonlyMap<K, V>;
  /** undefined: not in the map. */
  readonly #patch: ReadonlyMap<K, V | undefined>;

  constructor(base: ReadonlyMap<K, V>, patch: ReadonlyMap<K, V | undefined> = new Map()) {
    super();
    this.#base = base;
    this.#patch = patch;
    let { size } = base;
    for (const [key, value] of patch) {
      size += Number(value !== undefined) - Number(base.has(key));
    }
    this.size = size;
  }

  /** The map with these entries in place of what it has for them; undefined: without one. */
  with(changes: Iterable<readonly [K, V | undefined]>): PatchedMap<K, V> {
    const patch = new Map(this.#patch);
    for (const [key, value] of changes) patch.set(key, value);
    if (patch.size === 0) return this;
    const patched = new PatchedMap(this.#base, patch);
    // What is carried along from map to map stays small.
    return patch.size <= mostPatched ? patched : new PatchedMap(new Map(patched));
  }

  /** Keys that may have another value in the other map; undefined where that is no better known than by looking at all. */
  keysBeside(other: PatchedMap<K, V>): Iterable<K> | undefined {
    if (this.#base !== other.#base) return undefined;
    return new Set([...this.#patch.keys(), ...other.#patch.keys()]);
  }

  get(key: K): V | undefined {
    return this.#patch.has(key) ? this.#patch.get(key) : this.#base.get(key);
  }

  *entries(): Generator<[K, V], undefined> {
    for (const entry of this.#base) if (!this.#patch.has(entry[0])) yield entry;
    for (const [key, value] of this.#patch) if (value !== undefined) yield [key, value];
  }
}

const mostPatched = 300;

/** Keys of which one map has something else than the other. */
export function changedKeys<K, V>(before: ReadonlyMap<K, V>, now: ReadonlyMap<K, V>): readonly K[] {
  const arePatched = before instanceof PatchedMap && now instanceof PatchedMap;
  const beside = arePatched ? (now as PatchedMap<K, V>).keysBeside(before) : undefined; // both are of K and V
  const keys = beside ?? new Set([...before.keys(), ...now.keys()]);
  return [...keys].filter((key) => before.get(key) !== now.get(key));
}
