/**
 * What `flotilla vendor` has brought into `vendor/`, as `vendor/lock.json` has it: where each folder comes from, and the
 * hash of each of its files. What was changed since, or asked for and not brought, is told.
 */
import { createHash } from "node:crypto";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt, type FleetDraft } from "./fleet-draft.ts";
import type { SourceFile } from "./fleet-model.ts";
import { canonicalJson, isJsonObject, type Json } from "./json.ts";
import type { Vendored } from "./kinds/vendored.ts";
import type { FleetFiles } from "./read-fleet-files.ts";

/** Folder of what is brought, and the file that says what. */
export const vendorFolder = "vendor";
export const lockPath = `${vendorFolder}/lock.json`;

/** One folder that was brought. */
export interface LockEntry {
  /** Its entry in the Fleet at that time, as canonical JSON without the name. */
  readonly from: string;
  /** sha256 (hex) by path within the folder. */
  readonly files: Readonly<Record<string, string>>;
}

/** By name of the folder. */
export type VendorLock = Readonly<Record<string, LockEntry>>;

/** What a lock keeps of where something comes from. */
export function originText({ chart, git }: Vendored): string {
  return canonicalJson({ ...(chart && { chart }), ...(git && { git: { ...git } }) });
}

/** The text of a lock file. */
export function lockText(lock: VendorLock): string {
  const entries = Object.entries(lock).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ vendored: Object.fromEntries(entries) }, null, 2)}\n`;
}

/** Reads a lock file; undefined where it is none. */
export function parseLock(text: string): VendorLock | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json; // what JSON.parse gives is Json
  } catch {
    return undefined;
  }
  const vendored = isJsonObject(value) ? value["vendored"] : undefined;
  if (!isJsonObject(vendored) || !Object.values(vendored).every(isEntry)) return undefined;
  // They are folders that are written and removed.
  if (!Object.keys(vendored).every((name) => /^[a-z0-9][a-z0-9-]*$/.test(name))) return undefined;
  return vendored as unknown as VendorLock; // checked entry by entry
}

function isEntry(entry: Json): boolean {
  if (!isJsonObject(entry) || typeof entry["from"] !== "string") return false;
  const { files } = entry;
  return isJsonObject(files) && Object.values(files).every((hash) => typeof hash === "string");
}

/** The hash of a file, as a lock has it. */
function fileHash({ text, isBinary = false }: SourceFile): string {
  return createHash("sha256")
    .update(Buffer.from(text, isBinary ? "latin1" : "utf8"))
    .digest("hex");
}

/** Hashes of files whose paths begin with a folder, by what is behind it. */
export function hashesBelow(
  folder: string,
  files: readonly SourceFile[],
): Readonly<Record<string, string>> {
  const own = files.filter(({ path }) => path.startsWith(`${folder}/`));
  return Object.fromEntries(
    own.map((file) => [file.path.slice(folder.length + 1), fileHash(file)]),
  );
}

/** What is in `vendor/` is what was brought. */
export function checkVendored({ fleet }: FleetDraft, { all }: FleetFiles): Diagnostic[] {
  const wanted = fleet?.value.spec.vendor ?? [];
  const file = all.find(({ path }) => path === lockPath);
  const lock = file === undefined ? {} : parseLock(file.text);
  if (lock === undefined) return [changed(lockPath, "it is no lock of `flotilla vendor`")];
  const missing = wanted.flatMap((entry, index) => {
    if (lock[entry.name]?.from === originText(entry) || fleet === undefined) return [];
    const message = `${entry.name} is not in \`${vendorFolder}/\`, or comes from elsewhere`;
    const place = fleet.document.at(["spec", "vendor", index, "name"]);
    return errorAt(place, { code: "vendor-changed", message, hint: "run `flotilla vendor`" });
  });
  return [
    ...missing,
    ...Object.entries(lock).flatMap(([name, { files }]) => checkFolder(name, files, all)),
  ];
}

function checkFolder(
  name: string,
  locked: LockEntry["files"],
  all: readonly SourceFile[],
): Diagnostic[] {
  const folder = `${vendorFolder}/${name}`;
  const found = hashesBelow(folder, all);
  const paths = [...new Set([...Object.keys(locked), ...Object.keys(found)])].toSorted();
  return paths.flatMap((path) => {
    if (locked[path] === found[path]) return [];
    const what =
      found[path] === undefined
        ? "is gone"
        : locked[path] === undefined
          ? "was added"
          : "was changed";
    return changed(`${folder}/${path}`, `it ${what} after \`flotilla vendor\` had brought ${name}`);
  });
}

function changed(file: string, message: string): Diagnostic {
  const hint =
    "run `flotilla vendor` to have it as it was; to change it for good, move the folder elsewhere and take it out of `vendor` of the Fleet";
  return errorAt({ file, line: 0, column: 0 }, { code: "vendor-changed", message, hint });
}
