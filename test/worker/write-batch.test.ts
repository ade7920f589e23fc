import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { WriteBatch } from "../../src/worker/write-batch.ts";
import { temporaryState } from "../support/kube-worker.ts";

/** A database with a table, in a folder of its own. */
async function openDatabase(): Promise<DatabaseSync> {
  const folder = await temporaryState();
  const database = new DatabaseSync(join(folder.dir, "state.sqlite"));
  onTestFinished(async () => {
    database.close();
    await folder.remove();
  });
  database.exec(
    "PRAGMA journal_mode = WAL; CREATE TABLE parents (id PRIMARY KEY); CREATE TABLE notes (text)",
  );
  return database;
}

function openBatch(database: DatabaseSync): WriteBatch {
  return new WriteBatch(database, `${database.location()}-wal`, systemClock());
}

describe("a batch of writes", () => {
  it("whose commit the disk refuses is told to who waits for it, and ends the worker", async () => {
    const database = await openDatabase();
    // A commit that SQLite refuses, as it does on a full disk.
    database.exec(
      "CREATE TABLE children (id REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
    );
    const batch = openBatch(database);
    batch.write(() => database.exec("INSERT INTO children VALUES (1)"));
    await expect(batch.durable()).rejects.toThrow("cannot be written");
    await expect(batch.failed).rejects.toThrow("cannot be written");
  });

  it("is ended by a write that finds no room on the disk, in words that say what to do", async () => {
    const database = await openDatabase();
    database.exec("PRAGMA max_page_count = 1");
    const batch = openBatch(database);
    const insert = (): void =>
      batch.write(() => database.exec(`INSERT INTO notes VALUES ('${"x".repeat(100_000)}')`));
    const full = expect.objectContaining({
      code: "STATE_UNWRITABLE",
      hint: expect.stringContaining("make room"),
      cause: expect.objectContaining({ message: "database or disk is full" }),
    });
    expect(insert).toThrow(full);
    await expect(batch.failed).rejects.toEqual(full);
  });

  it("that cannot begin ends the worker too", async () => {
    const database = await openDatabase();
    const batch = openBatch(database);
    database.exec("BEGIN");
    const insert = (): void => batch.write(() => database.exec("INSERT INTO notes VALUES ('a')"));
    expect(insert).toThrow("cannot be written");
    await expect(batch.failed).rejects.toThrow("cannot be written");
  });
});
