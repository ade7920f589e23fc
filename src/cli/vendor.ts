/** Brings what the Fleet lists under `vendor` into `vendor/`, and writes down what came: the only way to the network. */
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pullChart } from "../adapters/charts/pull-chart.ts";
import { chartFiles } from "../adapters/git/chart-files.ts";
import { pullFolder } from "../adapters/git/pull-folder.ts";
import { readCheckout } from "../adapters/git/read-checkout.ts";
import { FleetError } from "../core/errors.ts";
import { checkVendorList } from "../core/model/check-vendor-list.ts";
import type { SourceFile } from "../core/model/fleet-model.ts";
import { canonicalJson } from "../core/model/json.ts";
import type { Vendored } from "../core/model/kinds/vendored.ts";
import { loadFleet } from "../core/model/load-fleet.ts";
import { readFleetFiles } from "../core/model/read-fleet-files.ts";
import {
  hashesBelow,
  type LockEntry,
  lockPath,
  lockText,
  originText,
  parseLock,
  vendorFolder,
  type VendorLock,
} from "../core/model/vendor-lock.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { CliIo, Command } from "./command.ts";

/** `flotilla vendor`. */
export const command: Command = {
  summary: "bring charts and bases from elsewhere into the repository",
  usage: `Usage: flotilla vendor [DIR] [--update]

Brings what the Fleet in DIR (default: the current folder) lists under \`vendor\` into vendor/NAME, and writes what came
into vendor/lock.json. What is there already, as it was brought, is not fetched again; what the Fleet does not list any
more is removed. Commit both. No other command fetches anything.

Options:
      --update       take what has changed at its origin, and replace a folder of its name that was not brought; without it,
                     both are refused

Exit codes: 0 all is there; 2 something could not be brought: what was there of it stays.
`,
  options: { update: { type: "boolean" } },
  async run(args, io) {
    const dir = folderOf(args, io);
    await requireOwnFolder(dir);
    const files = await readCheckout(dir);
    const lock = await readLock(dir);
    const wanted = vendorList(files, io);
    const next: Record<string, LockEntry> = {};
    if (wanted.length + Object.keys(lock).length === 0) {
      io.stderr("the Fleet lists nothing under `vendor`: there is nothing to bring\n");
    }
    const state = { dir, files, lock, takesNew: args.values["update"] === true, io };
    for (const entry of wanted) {
      next[entry.name] = await bring(state, entry);
      // What came so far is known, also where the next one does not come.
      await writeLock(dir, { ...lock, ...next });
    }
    for (const name of Object.keys(lock)) {
      if (wanted.some((entry) => entry.name === name)) continue;
      await removeFolder(state, name);
    }
    if (Object.keys(next).length + Object.keys(lock).length > 0) await writeLock(dir, next);
    if (wanted.some(({ name }) => next[name] !== lock[name])) await requireReadable(dir, next);
    return 0;
  },
};

/** What is in there is removed and written: it must be that of this checkout. */
async function requireOwnFolder(dir: string): Promise<void> {
  const [folder, lock] = await Promise.all(
    [vendorFolder, lockPath].map((path) => lstat(join(dir, path)).catch(() => undefined)),
  );
  const wrong = (message: string): FleetError =>
    new FleetError("USAGE", message, { retry: "never" });
  if (folder?.isDirectory() === false) throw wrong(`${vendorFolder} is no folder`);
  if (lock?.isFile() === false) throw wrong(`${lockPath} is no plain file`);
}

interface State {
  readonly dir: string;
  readonly files: readonly SourceFile[];
  readonly lock: VendorLock;
  readonly takesNew: boolean;
  readonly io: CliIo;
}

function vendorList(files: readonly SourceFile[], io: CliIo): readonly Vendored[] {
  const loaded = loadFleet(files);
  const model = loaded.ok ? loaded.value : loaded.sound.model;
  const list = model.fleet.value.spec.vendor ?? [];
  // Other mistakes may be what this mends: only a Fleet with a sound list is needed.
  const isThere = loaded.ok || model.fleet.file !== ".";
  const mistakes = isThere ? checkVendorList(list, model.fleet) : loaded.diagnostics;
  if (isThere && mistakes.length === 0) return list;
  io.stderr(diagnosticLines(mistakes));
  const message = isThere ? "the list of `vendor` is not valid" : "the Fleet cannot be read";
  throw new FleetError("INVALID_FLEET", message, { retry: "never" });
}

async function readLock(dir: string): Promise<VendorLock> {
  const text = await readFile(join(dir, lockPath), "utf8").catch(() => undefined);
  const lock = text === undefined ? {} : parseLock(text);
  if (lock !== undefined) return lock;
  const hint = "restore it from Git, or remove it to bring everything anew";
  throw new FleetError("USAGE", `${lockPath} is no lock file`, { hint, retry: "never" });
}

async function bring(state: State, entry: Vendored): Promise<LockEntry> {
  const { dir, files, lock, takesNew, io } = state;
  const { name } = entry;
  const folder = `${vendorFolder}/${name}`;
  const from = originText(entry);
  const known = lock[name]?.from === from ? lock[name] : undefined;
  if (known !== undefined && isSame(known.files, hashesBelow(folder, files))) {
    io.stdout(`${folder}: is there\n`);
    return known;
  }
  const pulled = await pull(entry, io.signal);
  const placed = pulled.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
  refuse(name, placed);
  const hashes = hashesBelow(folder, placed);
  if (known !== undefined && !takesNew && !isSame(known.files, hashes)) {
    throw new FleetError("VENDOR_FAILED", `${name} is not what it was when it was brought`, {
      hint: "somebody has changed it at its origin; with --update the new content is taken",
      retry: "never",
    });
  }
  if (!takesNew) await requireOwn(state, name, hashes);
  await writeFolder(dir, folder, placed);
  io.stdout(`${folder}: brought, ${placed.length} files\n`);
  return { from, files: hashes };
}

/** Throws for a folder that was never brought and is not what is brought now: somebody has made it. */
async function requireOwn(
  { dir, files, lock }: State,
  name: string,
  hashes: LockEntry["files"],
): Promise<void> {
  const folder = `${vendorFolder}/${name}`;
  if (lock[name] !== undefined || isSame(hashes, hashesBelow(folder, files))) return;
  const found = await lstat(join(dir, folder)).catch(() => undefined);
  if (found === undefined) return;
  throw new FleetError("VENDOR_FAILED", `${folder} is there, and ${lockPath} does not list it`, {
    hint: "move it elsewhere, or take another name; with --update it is replaced",
    retry: "never",
  });
}

async function pull({ chart, git }: Vendored, signal: AbortSignal): Promise<readonly SourceFile[]> {
  if (chart !== undefined) return chartFiles(await pullChart(chart, signal));
  if (git === undefined) return [];
  return pullFolder({ path: "", ...git }, { clock: systemClock(), signal });
}

function isSame(a: LockEntry["files"], b: LockEntry["files"]): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** What could not be read back, or would speak for this fleet, is not brought. */
function refuse(name: string, files: readonly SourceFile[]): void {
  const wrong = (message: string): FleetError =>
    new FleetError("VENDOR_FAILED", `${name} is not brought: ${message}`, { retry: "never" });
  if (files.length === 0) throw wrong("there is nothing in it");
  for (const { path, problem, leftOut } of files) {
    const why = problem ?? leftOut;
    if (why !== undefined) throw wrong(`${path}: ${why}`);
  }
  const [own] = readFleetFiles(files).byBlock.flat();
  if (own === undefined) return;
  const { file, line } = own.document.at([]);
  throw wrong(`${file}:${line} declares a ${own.kind} for this fleet`);
}

/** Written beside, then put in its place: who is interrupted finds the old or the new folder, or none. */
async function writeFolder(
  dir: string,
  folder: string,
  files: readonly SourceFile[],
): Promise<void> {
  const partial = join(dir, vendorFolder, `.${folder.slice(vendorFolder.length + 1)}.part`);
  const removePartial = (): Promise<void> => rm(partial, { recursive: true, force: true });
  await removePartial();
  try {
    await writeFiles(partial, folder, files);
    await rm(join(dir, folder), { recursive: true, force: true });
    await rename(partial, join(dir, folder));
  } finally {
    await removePartial();
  }
}

async function writeFiles(
  partial: string,
  folder: string,
  files: readonly SourceFile[],
): Promise<void> {
  for (const { path, text, isBinary = false } of files) {
    const target = join(partial, path.slice(folder.length + 1));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text, isBinary ? "latin1" : "utf8");
  }
}

async function removeFolder({ dir, files, lock, io }: State, name: string): Promise<void> {
  const folder = `${vendorFolder}/${name}`;
  const known = lock[name]?.files ?? {};
  const lying = await pathsBelow(join(dir, folder));
  // Somebody's may also be what is not read of a repository: dot-folders, what git ignores.
  const isIntact =
    isSame(known, hashesBelow(folder, files)) && lying.every((path) => Object.hasOwn(known, path));
  if (isIntact) await rm(join(dir, folder), { recursive: true, force: true });
  io.stdout(`${folder}: ${isIntact ? "removed" : "is not listed, and stays: it was changed"}\n`);
}

/** Of all that is no folder, whatever it is. */
async function pathsBelow(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(dir, join(parentPath, name)));
}

/** What git ignores is in no commit: nobody else would have it. */
async function requireReadable(dir: string, lock: VendorLock): Promise<void> {
  const files = await readCheckout(dir);
  const unread = Object.entries(lock).flatMap(([name, entry]) => {
    const folder = `${vendorFolder}/${name}`;
    const read = hashesBelow(folder, files);
    const paths = Object.keys(entry.files).filter((path) => !Object.hasOwn(read, path));
    return paths.map((path) => `${folder}/${path}`);
  });
  const [first] = unread;
  if (first === undefined) return;
  const more = unread.length > 1 ? `, and ${unread.length - 1} more` : "";
  throw new FleetError("VENDOR_FAILED", `git ignores ${first}, which was brought${more}`, {
    hint: "commits would not hold it; `git check-ignore -v` names the line of .gitignore that is to be changed",
    retry: "never",
  });
}

async function writeLock(dir: string, lock: VendorLock): Promise<void> {
  const path = join(dir, lockPath);
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.part`;
  // A commit may hold one by this name, also a link: nothing is written through it.
  await rm(partial, { recursive: true, force: true });
  await writeFile(partial, lockText(lock), { flag: "wx" });
  await rename(partial, path);
}
