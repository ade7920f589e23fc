/** Bytes as they come in, taken out as lines and blocks, without copying what is still growing. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The next line without its end. Undefined while it is incomplete. */
  takeLine(): string | undefined {
    const end = this.#lineEnd();
    if (end < 0) return undefined;
    return this.take(end + 1)?.toString("utf8", 0, end);
  }

  /** The next `length` bytes. Undefined while there are fewer. */
  take(length: number): Buffer | undefined {
    if (this.#size < length) return undefined;
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const rest = all?.subarray(length) ?? Buffer.alloc(0);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#size -= length;
    return all?.subarray(0, length);
  }

  #lineEnd(): number {
    let before = 0;
    for (const chunk of this.#chunks) {
      const at = chunk.indexOf(0x0a);
      if (at >= 0) return before + at;
      before += chunk.length;
    }
    return -1;
  }
}
