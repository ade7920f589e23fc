import type { ObjectStore } from "./object-store.ts";

/**
 * The store, where a text that was read can be read once more without asking git: the files of a commit are read to be
 * checked, and in the next moment to be applied. A second reader takes it away; beyond so many characters the oldest
 * go.
 */
export function readableTwice<Store extends ObjectStore>(store: Store, maxLength: number): Store {
  const kept = new Map<string, string>();
  let length = 0;
  const take = (oid: string): string | undefined => {
    const text = kept.get(oid);
    if (kept.delete(oid)) length -= text?.length ?? 0;
    return text;
  };
  const keep = (oid: string, text: string): void => {
    take(oid);
    kept.set(oid, text);
    length += text.length;
    for (const oldest of kept.keys()) {
      if (length <= maxLength) return;
      take(oldest);
    }
  };
  return {
    ...store,
    read: async (oids) => {
      const texts = new Map<string, string>();
      const missing: string[] = [];
      for (const oid of oids) {
        const text = take(oid);
        if (text === undefined) missing.push(oid);
        else texts.set(oid, text);
      }
      if (missing.length === 0) return texts;
      for (const [oid, text] of await store.read(missing)) {
        texts.set(oid, text);
        keep(oid, text);
      }
      return texts;
    },
  };
}
