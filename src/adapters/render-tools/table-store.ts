/** Tables of apps in a folder: what a start finds of what an earlier one has rendered. */
import { createHash } from "node:crypto";
import { type AppTable, type AppTables, isAppTable } from "../../core/render/app-table.ts";
import type { ResultCache } from "./result-cache.ts";

/** Keeps tables over a start. */
export interface TableStore {
  /** Those of these keys that there are. */
  read(keys: readonly string[]): Promise<AppTables>;
  /** Keeps them, each once: what changes later is found at the next start, and does not cost a table each time. */
  write(tables: readonly (() => AppTable)[]): Promise<void>;
}

/**
 * Makes one on a cache. `build`: what tells one Flotilla from another, which may find mistakes where this one finds none,
 * and so does not go by what this one kept.
 */
export function createTableStore(
  cache: ResultCache<AppTable>,
  build: () => Promise<string>,
): TableStore {
  const written = new WeakSet<() => AppTable>();
  let own: Promise<string> | undefined;
  const nameOf = async (key: string): Promise<string> =>
    createHash("sha256")
      .update(`${await (own ??= build())} ${key}`)
      .digest("hex");
  return {
    async read(keys) {
      const found = new Map<string, AppTable>();
      for (const key of keys) {
        const table: unknown = await cache.get(await nameOf(key));
        if (isAppTable(table, key)) found.set(key, table);
      }
      return found;
    },
    async write(tables) {
      for (const make of tables.filter((each) => !written.has(each))) {
        written.add(make);
        const table = make();
        await cache.set(await nameOf(table.key), table);
      }
    },
  };
}
