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
 * Makes one on a cache. `version`: of Flotilla. Another one may find mistakes where this one finds none, so it does not
 * go by what this one kept.
 */
export function createTableStore(
  cache: ResultCache<AppTable>,
  version: () => Promise<string>,
): TableStore {
  const written = new WeakSet<() => AppTable>();
  const nameOf = async (key: string): Promise<string> =>
    createHash("sha256")
      .update(`${await version()} ${key}`)
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

/** Of this Flotilla. */
export async function ownVersion(): Promise<string> {
  const { default: manifest } = await import("../../../package.json", { with: { type: "json" } });
  return manifest.version;
}
