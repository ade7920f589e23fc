import type { GitObject } from "../../src/adapters/git/object-id.ts";
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import type { ObjectStore } from "../../src/adapters/git/object-store.ts";

/** A repository that outlives processes, and may come back as it was. Its objects are never lost: what counts are refs. */
export class GitDisk {
  readonly #objects: Map<string, GitObject>;
  /** To be asked for anew by each process that starts. */
  store: ObjectStore;

  constructor(objects: Map<string, GitObject> = new Map()) {
    this.#objects = objects;
    this.store = memoryStore(objects);
  }

  /** It has this ref and no other; null: none at all. */
  async restore(ref: string, target: string | null): Promise<void> {
    this.store = memoryStore(this.#objects);
    if (target !== null) await this.store.setRef(ref, target, null);
  }
}
