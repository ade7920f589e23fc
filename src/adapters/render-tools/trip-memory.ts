/** How many charts are remembered. */
const maxCharts = 1000;
/** So many that rendered at once count; a chart whose values have changed since is soon found to trip. */
const maxPassed = 4;

/**
 * Which charts a rendering with tripwires is worth trying for. One that trips is rendered three times in all, so it is left
 * out once more of its renderings have tripped than passed.
 */
export class TripMemory {
  /** By digest: those that passed, less those that tripped. */
  readonly #balances = new Map<string, number>();

  isWorthIt(digest: string): boolean {
    return (this.#balances.get(digest) ?? 0) >= 0;
  }

  passed(digest: string): void {
    this.#add(digest, 1);
  }

  tripped(digest: string): void {
    this.#add(digest, -1);
  }

  #add(digest: string, change: number): void {
    const balance = Math.min(maxPassed, (this.#balances.get(digest) ?? 0) + change);
    this.#balances.delete(digest);
    this.#balances.set(digest, balance);
    const [oldest] = this.#balances.keys();
    if (this.#balances.size > maxCharts && oldest !== undefined) this.#balances.delete(oldest);
  }
}
