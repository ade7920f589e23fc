/** A map of which a class says its size, one entry and all entries. */
export abstract class MapView<K, V> implements ReadonlyMap<K, V> {
  abstract readonly size: number;

  abstract get(key: K): V | undefined;

  abstract entries(): Generator<[K, V], undefined>;

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  *keys(): Generator<K, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[K, V], undefined> {
    return this.entries();
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }
}
