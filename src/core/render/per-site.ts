import { PatchedMap } from "../model/patched-map.ts";

/** Something of each of many sites, few of which change at once; and how many sites have the same. */
export class PerSite<T extends object | string> {
  readonly bySite: PatchedMap<string, T>;
  readonly #counts: PatchedMap<T, number>;

  private constructor(bySite: PatchedMap<string, T>, counts: PatchedMap<T, number>) {
    this.bySite = bySite;
    this.#counts = counts;
  }

  static of<T extends object | string>(bySite: ReadonlyMap<string, T>): PerSite<T> {
    const counts = new Map<T, number>();
    for (const value of bySite.values()) counts.set(value, (counts.get(value) ?? 0) + 1);
    return new PerSite(new PatchedMap(bySite), new PatchedMap(counts));
  }

  /** What there is at some site, each once. */
  get distinct(): readonly T[] {
    return [...this.#counts.keys()];
  }

  /** True where some site has this. */
  isAnywhere(value: T): boolean {
    return this.#counts.has(value);
  }

  /** The same where these sites have something else; those that `now` lacks have nothing. */
  with(sites: Iterable<string>, now: ReadonlyMap<string, T>): PerSite<T> {
    const changes = new Map([...sites].map((site) => [site, now.get(site)]));
    const counts = new Map<T, number>();
    const count = (value: T | undefined, by: number): void => {
      if (value === undefined) return;
      counts.set(value, (counts.get(value) ?? this.#counts.get(value) ?? 0) + by);
    };
    for (const [site, value] of changes) {
      count(this.bySite.get(site), -1);
      count(value, 1);
    }
    const known = [...counts].map(([value, number]) => [value, number || undefined] as const);
    return new PerSite(this.bySite.with(changes), this.#counts.with(known));
  }
}
