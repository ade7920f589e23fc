import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "../runtime/logger.ts";
import type { StateKey } from "./state-key.ts";

/**
 * An older worker kept plain hashes of Secrets: they go, once, also from the room in the file that nothing uses, and from
 * the log. Where there is no room for that, it is told, and done at a start that has it.
 */
export function sealPlainHashes(
  database: DatabaseSync,
  { key, logger }: { readonly key: StateKey; readonly logger: Logger },
): void {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() ?? {};
  if (Number(version) >= sealedVersion) return;
  database.function("sealed", (hash) => key.seal(String(hash)));
  try {
    database.exec(`UPDATE objects SET projection = sealed(projection)
      WHERE substr(id, 1, 8) = '_Secret_' AND length(projection) = 64`);
    database.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    database.exec(`PRAGMA user_version = ${sealedVersion}`);
  } catch (error) {
    if (!isForRoom(error)) throw error;
    logger.warn(noRoom, { error });
  }
}

/** Of a store in which no plain hashes of Secrets are left. */
const sealedVersion = 1;

const noRoom =
  "plain hashes of Secrets, which an older worker kept, are still in the worker's state: there is no room to write it anew; give its state folder, and the folder for temporary files, as much free room as the state has, and start the worker again";

/** SQLite's own codes for what a disk refuses: IOERR, FULL, CANTOPEN; extended codes hold them in their lowest byte. */
const ofDisk: ReadonlySet<number> = new Set([10, 13, 14]);

function isForRoom(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error)) return false;
  return typeof error.errcode === "number" && ofDisk.has(error.errcode & 0xff);
}
