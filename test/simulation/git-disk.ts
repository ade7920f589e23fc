import type { GitObject } from "../../src/adapters/git/object-id.ts";
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import type { ObjectStore } from "../../src/adapters/git/object-store.ts";

/** A repository that outlives processes, and may come back as it was. Its objects are never lost: what counts are refs. */
export class GitDisk {
  readonly #objects: Map<string, GitObject>;
  #refs: Map<string, string>;
  /** To be asked for anew by each process that starts. */
  store: ObjectStore;

  constructor(objects: Map<string, GitObject> = new Map(), refs: Map<string, string> = new Map()) {
    this.#objects = objects;
    this.#refs = refs;
    this.store = memoryStore(objects, refs);
  }

  /** It has this ref and no other; null: none at all. */
  restore(ref: string, target: string | null): void {
    this.#refs = new Map(target === null ? [] : [[ref, target]]);
    this.store = memoryStore(this.#objects, this.#refs);
  }

  /** The same refs over other objects. */
  copy(objects: Map<string, GitObject> = new Map(this.#objects)): GitDisk {
    return new GitDisk(objects, new Map(this.#refs));
  }
}
