/**
 * What was written last, as entries of packs, so that who asks for it next is not answered by reading it again. An
 * object is the same under its id everywhere: one of these may serve many repositories, and says nothing of where an
 * object is.
 */
export class RecentEntries {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Buffer>();
  #bytes = 0;

  /** `maxBytes`: of all that is kept; the oldest goes first. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  keep(oid: string, entry: Buffer): void {
    this.#drop(oid);
    this.#entries.set(oid, entry);
    this.#bytes += entry.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest);
    }
  }

  get(oid: string): Buffer | undefined {
    return this.#entries.get(oid);
  }

  #drop(oid: string): void {
    const entry = this.#entries.get(oid);
    if (entry === undefined) return;
    this.#entries.delete(oid);
    this.#bytes -= entry.length;
  }
}
