import type { ObjectStore } from "./object-store.ts";

/** A store that keeps the texts of files for the next to read them. */
export interface ReadableTwice {
  /** Keeps texts, by their ids, that are in the store and that nobody has read yet. */
  keep(files: ReadonlyMap<string, string>): void;
}

/**
 * The store, where a text that was read can be read once more without asking git, and one that came with a fetch twice:
 * the files of a commit are read to be checked, and in the next moment to be applied. The last reader takes it away;
 * beyond so many characters the oldest go.
 */
export function readableTwice<Store extends ObjectStore>(
  store: Store,
  maxLength: number,
): Store & ReadableTwice {
  const kept = new Map<string, Kept>();
  let length = 0;
  const take = (oid: string): Kept | undefined => {
    const known = kept.get(oid);
    if (kept.delete(oid)) length -= known?.text.length ?? 0;
    return known;
  };
  const keep = (oid: string, text: string, readers: number): void => {
    take(oid);
    kept.set(oid, { text, readers });
    length += text.length;
    for (const oldest of kept.keys()) {
      if (length <= maxLength) return;
      take(oldest);
    }
  };
  return {
    ...store,
    keep: (files) => {
      for (const [oid, text] of files) keep(oid, text, 2);
    },
    read: async (oids) => {
      const texts = new Map<string, string>();
      const missing: string[] = [];
      for (const oid of oids) {
        const known = take(oid);
        if (known === undefined) missing.push(oid);
        else {
          texts.set(oid, known.text);
          if (known.readers > 1) keep(oid, known.text, known.readers - 1);
        }
      }
      if (missing.length === 0) return texts;
      for (const [oid, text] of await store.read(missing)) {
        texts.set(oid, text);
        keep(oid, text, 1);
      }
      return texts;
    },
  };
}

interface Kept {
  readonly text: string;
  /** How many may still read it. */
  readonly readers: number;
}
