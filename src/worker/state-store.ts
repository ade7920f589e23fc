import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { FleetError } from "../core/errors.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { sealPlainHashes } from "./seal-plain-hashes.ts";
import type { StateKey } from "./state-key.ts";
import { WriteBatch } from "./write-batch.ts";

/** `pending`: to be written, perhaps written; `applied`: it stands; `deleting`: a delete was sent. */
type ObjectPhase = "pending" | "applied" | "deleting";

/** How a Job was last seen to have ended; "" where it was not. */
export type JobEnd = "" | "well" | "badly";

/** One object of an inventory. */
export interface ObjectRow {
  readonly id: ObjectId;
  /** "" where only the inventory in the cluster told of it. */
  readonly apiVersion: string;
  /** "" until it was seen. */
  readonly uid: string;
  /** Hash of what was applied; "" when that is not known. */
  readonly hash: string;
  readonly resourceVersion: string;
  readonly phase: ObjectPhase;
  /** The fields that were ours after the last apply (FieldsV1 JSON); "" when not known. */
  readonly owned: string;
  /** Hash of the values of those fields; of a Secret, sealed with the store's key. */
  readonly projection: string;
  readonly ended: JobEnd;
}

/** An object that is not known to stand: it is looked at before anything is done to it. */
export function pendingRow(id: ObjectId, apiVersion: string): ObjectRow {
  return {
    id,
    apiVersion,
    uid: "",
    hash: "",
    resourceVersion: "",
    phase: "pending",
    owned: "",
    projection: "",
    ended: "",
  };
}

/** What is kept of one app at one site. */
export interface AppRow {
  readonly site: string;
  readonly app: string;
  readonly owner: string;
  readonly namespace: string;
  /** Tree whose objects were all applied; null: none. */
  readonly tree: string | null;
  readonly release: string | null;
  readonly left: boolean;
  /** Something of another version was sent since `tree` stood whole: it does not, perhaps, until all of it is written again. */
  readonly isMixed: boolean;
  readonly everHealthy: boolean;
  readonly longestHealthyMs: number;
  /** The last health that was seen of `tree`; "" before the first. A restart goes on from it. */
  readonly health: string;
  /** Hash of the ids in the cluster's inventory object; "" when there is none. */
  readonly childSet: string;
  /** Parts of the inventory object. */
  readonly childParts: number;
}

/**
 * The worker's memory: the truth about what it wrote where. A write is seen by the next read at once, and committed
 * together with others within 20 ms, all or nothing and in order: it then outlives the process. What must outlive the
 * machine before anything goes on is waited for with `durable`. Opened by one process at a time (USAGE otherwise); STATE_CORRUPT when it cannot be read.
 */
export interface StateStore {
  readonly key: StateKey;
  /** Resolves when all that was written so far is on the disk: it outlives the machine. */
  durable(): Promise<void>;
  /** Rejects when something could not be written: what is kept in memory is then worth nothing. */
  readonly failed: Promise<never>;
  siteUid(site: string): string | null;
  setSiteUid(site: string, uid: string): void;
  sitesWithUid(uid: string): readonly string[];
  /** Sites that have a uid or an app. */
  sites(): readonly string[];
  /** Keeps which objects the site's apps have, and nothing else of them: each is looked at anew. */
  distrustSite(site: string): void;
  /** Forgets a site whose cluster has got another name. */
  forgetSite(site: string): void;
  apps(site: string): readonly AppRow[];
  saveApp(row: AppRow): void;
  dropApp(site: string, app: string): void;
  objects(site: string, app: string): readonly ObjectRow[];
  /** Writes the rows and removes those of `dropped`, all or nothing. */
  saveObjects(
    place: { readonly site: string; readonly app: string },
    rows: readonly ObjectRow[],
    dropped?: readonly ObjectId[],
  ): void;
  value(key: string): string | null;
  /** All values whose key begins so, by the rest of their keys. */
  values(prefix: string): ReadonlyMap<string, string>;
  setValue(key: string, value: string): void;
  deleteValue(key: string): void;
  close(): Promise<void>;
}

const schema = `
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sites (site TEXT PRIMARY KEY, uid TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS apps (
  site TEXT NOT NULL, app TEXT NOT NULL, owner TEXT NOT NULL, namespace TEXT NOT NULL, tree TEXT, release TEXT,
  left_site INTEGER NOT NULL, ever_healthy INTEGER NOT NULL, longest_healthy_ms INTEGER NOT NULL,
  health TEXT NOT NULL, child_set TEXT NOT NULL, child_parts INTEGER NOT NULL, PRIMARY KEY (site, app)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
  site TEXT NOT NULL, app TEXT NOT NULL, id TEXT NOT NULL, api_version TEXT NOT NULL, uid TEXT NOT NULL,
  hash TEXT NOT NULL, resource_version TEXT NOT NULL, phase TEXT NOT NULL, owned TEXT NOT NULL,
  projection TEXT NOT NULL, finished INTEGER NOT NULL, PRIMARY KEY (site, app, id)) STRICT, WITHOUT ROWID;
`;

const insertApp = `INSERT OR REPLACE INTO apps VALUES (${marks(12)})`;
const insertObject = `INSERT OR REPLACE INTO objects VALUES (${marks(11)})`;

interface StoreMeans {
  readonly clock: Clock;
  readonly key: StateKey;
  readonly logger: Logger;
}

/** Opens (or makes) the store in a file. */
export function openStateStore(path: string, means: StoreMeans): StateStore {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return new SqliteStore(openDatabase(path, means), `${path}-wal`, means);
}

class SqliteStore implements StateStore {
  readonly failed: Promise<never>;
  readonly key: StateKey;
  readonly #database: DatabaseSync;
  readonly #batch: WriteBatch;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, logPath: string, { clock, key }: StoreMeans) {
    this.key = key;
    this.#database = database;
    this.#batch = new WriteBatch(database, logPath, clock);
    this.failed = this.#batch.failed;
  }

  durable(): Promise<void> {
    return this.#batch.durable();
  }

  siteUid(site: string): string | null {
    return this.#text("SELECT uid AS value FROM sites WHERE site = ?", site);
  }

  setSiteUid(site: string, uid: string): void {
    this.#run("INSERT OR REPLACE INTO sites VALUES (?, ?)", site, uid);
  }

  sitesWithUid(uid: string): readonly string[] {
    const rows = this.#rows("SELECT site FROM sites WHERE uid = ? ORDER BY site", uid);
    return rows.map((row) => text(row["site"]));
  }

  sites(): readonly string[] {
    const rows = this.#rows("SELECT site FROM sites UNION SELECT site FROM apps ORDER BY site");
    return rows.map((row) => text(row["site"]));
  }

  distrustSite(site: string): void {
    this.#run("DELETE FROM apps WHERE site = ?", site);
  }

  forgetSite(site: string): void {
    this.#run("DELETE FROM objects WHERE site = ?", site);
    this.#run("DELETE FROM apps WHERE site = ?", site);
    this.#run("DELETE FROM sites WHERE site = ?", site);
  }

  apps(site: string): readonly AppRow[] {
    return this.#rows("SELECT * FROM apps WHERE site = ? ORDER BY app", site).map(appRow);
  }

  saveApp(row: AppRow): void {
    this.#run(insertApp, ...appValues(row));
  }

  dropApp(site: string, app: string): void {
    this.#run("DELETE FROM objects WHERE site = ? AND app = ?", site, app);
    this.#run("DELETE FROM apps WHERE site = ? AND app = ?", site, app);
  }

  objects(site: string, app: string): readonly ObjectRow[] {
    const sql = "SELECT * FROM objects WHERE site = ? AND app = ? ORDER BY id";
    return this.#rows(sql, site, app).map(objectRow);
  }

  saveObjects(
    { site, app }: { readonly site: string; readonly app: string },
    rows: readonly ObjectRow[],
    dropped: readonly ObjectId[] = [],
  ): void {
    for (const id of dropped) {
      this.#run("DELETE FROM objects WHERE site = ? AND app = ? AND id = ?", site, app, id);
    }
    for (const row of rows) this.#run(insertObject, site, app, ...objectValues(row));
  }

  value(key: string): string | null {
    return this.#text("SELECT value FROM facts WHERE key = ?", key);
  }

  values(prefix: string): ReadonlyMap<string, string> {
    const sql = "SELECT key, value FROM facts WHERE key >= ? AND key < ?";
    const rows = this.#rows(sql, prefix, `${prefix}\u{10ffff}`);
    return new Map(rows.map((row) => [text(row["key"]).slice(prefix.length), text(row["value"])]));
  }

  setValue(key: string, value: string): void {
    this.#run("INSERT OR REPLACE INTO facts VALUES (?, ?)", key, value);
  }

  deleteValue(key: string): void {
    this.#run("DELETE FROM facts WHERE key = ?", key);
  }

  async close(): Promise<void> {
    await this.#batch.close();
    this.#database.close();
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#batch.write(() => this.#prepare(sql).run(...values));
  }

  #rows(sql: string, ...values: (string | number)[]): readonly Row[] {
    return this.#prepare(sql).all(...values);
  }

  #text(sql: string, key: string): string | null {
    const row = this.#prepare(sql).get(key);
    return row === undefined ? null : text(row["value"]);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

function openDatabase(path: string, means: StoreMeans): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 2000 });
    // Exclusive: a second worker on the same folder would undo what the first one does.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    database.exec("PRAGMA synchronous = FULL;");
    database.exec(`BEGIN EXCLUSIVE; ${schema} COMMIT;`);
    sealPlainHashes(database, means);
    // The log itself is on the disk now; what is written to it is flushed by whoever needs that (WriteBatch).
    database.exec("PRAGMA synchronous = NORMAL;");
    return database;
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) {
      throw new FleetError("USAGE", `another worker uses ${dirname(path)}`, {
        cause,
        hint: "give each worker a stateDir of its own",
      });
    }
    throw new FleetError("STATE_CORRUPT", `cannot read the worker's state in ${path}`, {
      cause,
      retry: "never",
      hint: "move the file away: the inventories are then read back from the clusters",
    });
  }
}

const sqliteBusy = 5;

/** SQLite's own code for "another process has it"; extended codes hold it in their lowest byte. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error)) return false;
  return typeof error.errcode === "number" && (error.errcode & 0xff) === sqliteBusy;
}

type Row = Readonly<Record<string, SQLOutputValue>>;

function appRow(row: Row): AppRow {
  return {
    site: text(row["site"]),
    app: text(row["app"]),
    owner: text(row["owner"]),
    namespace: text(row["namespace"]),
    tree: row["tree"] === null ? null : text(row["tree"]),
    release: row["release"] === null ? null : text(row["release"]),
    left: row["left_site"] === leftSite,
    isMixed: row["left_site"] === mixedAtSite,
    everHealthy: row["ever_healthy"] === 1,
    longestHealthyMs: Number(row["longest_healthy_ms"]),
    health: text(row["health"]),
    childSet: text(row["child_set"]),
    childParts: Number(row["child_parts"]),
  };
}

const leftSite = 1;
/** Beside what an older worker knows, which takes it for what stands. */
const mixedAtSite = 2;

function leftNumber({ left, isMixed }: AppRow): number {
  if (left) return leftSite;
  return isMixed ? mixedAtSite : 0;
}

/** The tree of which all stands, by the store; null: there is none, or something was sent of another one since. */
export function wholeTree({ tree, isMixed }: AppRow): string | null {
  return isMixed ? null : tree;
}

/** All of this tree stands. */
export function standsWhole(row: AppRow, wanted: string): boolean {
  return wholeTree(row) === wanted && !row.left;
}

function appValues(row: AppRow): (string | number | null)[] {
  return [
    row.site,
    row.app,
    row.owner,
    row.namespace,
    row.tree,
    row.release,
    leftNumber(row),
    row.everHealthy ? 1 : 0,
    Math.floor(row.longestHealthyMs),
    row.health,
    row.childSet,
    row.childParts,
  ];
}

function objectRow(row: Row): ObjectRow {
  const phase = text(row["phase"]);
  return {
    id: text(row["id"]),
    apiVersion: text(row["api_version"]),
    uid: text(row["uid"]),
    hash: text(row["hash"]),
    resourceVersion: text(row["resource_version"]),
    phase: phase === "applied" || phase === "deleting" ? phase : "pending",
    owned: text(row["owned"]),
    projection: text(row["projection"]),
    ended: jobEnds[Number(row["finished"])] ?? "",
  };
}

/** By their number in the store. */
const jobEnds: readonly JobEnd[] = ["", "well", "badly"];

function objectValues(row: ObjectRow): (string | number)[] {
  const { id, apiVersion, uid, hash, resourceVersion, phase, owned, projection } = row;
  const finished = jobEnds.indexOf(row.ended);
  return [id, apiVersion, uid, hash, resourceVersion, phase, owned, projection, finished];
}

function text(value: SQLOutputValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function marks(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}
