import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Ajv } from "ajv";
import { FleetError } from "../../core/errors.ts";
import { makeFolder } from "../../runtime/make-folder.ts";
import { StatusTable } from "./status-table.ts";

/** Where the table of statuses outlives a restart. */
export interface StatusStore {
  /** Null when there is none yet; STATE_CORRUPT when what is there cannot be read. */
  load(): Promise<StatusTable | null>;
  /** Whole or not at all; on disk when it resolves. */
  save(table: StatusTable): Promise<void>;
}

/** A JSON file. */
export function fileStatusStore(path: string): StatusStore {
  const check = new Ajv().compile(StatusTable);
  return {
    load: async () => {
      const text = await readIfThere(path);
      if (text === null) return null;
      try {
        const value = JSON.parse(text) as unknown;
        if (check(value)) return value;
      } catch (cause) {
        if (!(cause instanceof SyntaxError)) throw cause;
      }
      throw new FleetError("STATE_CORRUPT", `${path} cannot be read`, { retry: "never" });
    },
    save: (table) => replaceFile(path, `${JSON.stringify(table, null, 1)}\n`),
  };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${randomUUID()}`;
  await makeFolder(dirname(path));
  try {
    await using file = await open(unfinished, "wx");
    await file.writeFile(text);
    await file.sync();
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
