import { FleetError } from "../../core/errors.ts";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Git } from "./git-process.ts";
import { ObjectReader } from "./object-reader.ts";
import {
  decodeText,
  selectSources,
  sourceFile,
  type SourceCandidate,
  type SourceLimits,
} from "./source-files.ts";

/** Texts of blobs by id, so that a file that did not change is not read again. undefined: no text. */
export type TextCache = ReadonlyMap<string, string | undefined>;

interface Listed extends SourceCandidate {
  readonly oid: string;
}

const batchBytes = 32 * 1024 * 1024;

/**
 * The text files under a tree-ish of a repository, sorted by path, and their texts by blob id (to be given as `known`
 * next time). Submodules and links are not followed.
 */
export async function readSourceTree(options: {
  readonly git: Git;
  readonly clock: Clock;
  readonly gitDir: string;
  /** Full id of a commit or tree, or `<id>:<folder>`. */
  readonly treeish: string;
  readonly limits: SourceLimits;
  readonly known?: TextCache;
  readonly signal?: AbortSignal | undefined;
}): Promise<{ readonly files: readonly SourceFile[]; readonly texts: TextCache }> {
  const { git, gitDir, treeish, signal, limits, clock } = options;
  const args = ["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", treeish];
  const { stdout } = await git({ args, gitDir, signal, maxOutput: limits.maxFiles * 512 });
  const { chosen, refused } = selectSources(parseListing(stdout.toString("utf8")), limits);
  const texts = new Map<string, string | undefined>();
  const missing: Listed[] = [];
  for (const entry of chosen) {
    if (options.known?.has(entry.oid)) texts.set(entry.oid, options.known.get(entry.oid));
    else missing.push(entry);
  }
  await readInto(texts, missing, { gitDir, clock });
  const read = chosen.flatMap(({ path, oid }) => sourceFile(path, texts.get(oid)));
  const files = [...read, ...refused].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { files, texts };
}

function parseListing(output: string): Listed[] {
  const entries: Listed[] = [];
  for (const line of output.split("\0")) {
    const match = /^(?<mode>\d+) blob (?<oid>[0-9a-f]+) +(?<size>\d+)\t(?<path>[^]*)$/.exec(line);
    const { mode, oid = "", size, path = "" } = match?.groups ?? {};
    if (mode === undefined) continue;
    entries.push({ path, oid, kind: mode === "120000" ? "link" : "file", size: Number(size) });
  }
  return entries;
}

async function readInto(
  texts: Map<string, string | undefined>,
  entries: readonly Listed[],
  options: { readonly gitDir: string; readonly clock: Clock },
): Promise<void> {
  if (entries.length === 0) return;
  const reader = new ObjectReader(options);
  try {
    for (const batch of batches(entries)) {
      const blobs = await reader.contents(batch.map(({ oid }) => oid));
      for (const { oid } of batch) texts.set(oid, decodeText(bytesOf(blobs, oid)));
    }
  } finally {
    await reader.close();
  }
}

function bytesOf(blobs: Awaited<ReturnType<ObjectReader["contents"]>>, oid: string): Buffer {
  const blob = blobs.get(oid);
  if (blob !== undefined) return blob.bytes;
  throw new FleetError("GIT_CORRUPT", `blob ${oid} is missing`);
}

function* batches(entries: readonly Listed[]): Generator<readonly Listed[]> {
  let batch: Listed[] = [];
  let bytes = 0;
  for (const entry of entries) {
    batch.push(entry);
    bytes += entry.size;
    if (bytes < batchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
