import { FleetError } from "../../core/errors.ts";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Git } from "./git-process.ts";
import { ObjectReader } from "./object-reader.ts";
import {
  decodeContent,
  selectSources,
  sourceFile,
  type SourceCandidate,
  type SourceLimits,
  type FileContent,
  isWithoutBytes,
  withoutBytes,
} from "./source-files.ts";

/** Contents of blobs by id, so that a file that did not change is not read again. */
export type TextCache = ReadonlyMap<string, FileContent>;

interface Listed extends SourceCandidate {
  readonly oid: string;
}

const batchBytes = 32 * 1024 * 1024;

/**
 * The files under a tree-ish of a repository, sorted by path, and their contents by blob id (to be given as `known`
 * next time). Submodules are not entered, links not followed.
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
  const listed = parseListing(stdout.toString("utf8"));
  const { chosen, refused, isToolFile } = selectSources(listed, limits);
  const texts = new Map<string, FileContent>();
  const missing: Listed[] = [];
  const needed = new Set(chosen.flatMap(({ path, oid }) => (isToolFile(path) ? oid : [])));
  for (const entry of chosen) {
    const content = options.known?.get(entry.oid);
    const isKnown = content !== undefined && !(isWithoutBytes(content) && needed.has(entry.oid));
    if (isKnown) texts.set(entry.oid, content);
    else missing.push(entry);
  }
  await readInto(texts, missing, { gitDir, clock, needed });
  const read = chosen.flatMap(({ path, oid }) => {
    const content = contentOf(texts, oid);
    return sourceFile(
      path,
      content.isBinary === true && !isToolFile(path) ? withoutBytes(content) : content,
    );
  });
  const files = [...read, ...refused].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { files, texts };
}

const listedLine = /^(?<mode>\d+) (blob|commit) (?<oid>[0-9a-f]+) +(?<size>\d+|-)\t(?<path>[^]*)$/;
const kinds = new Map<string, SourceCandidate["kind"]>([
  ["120000", "link"],
  ["160000", "submodule"],
]);

function parseListing(output: string): Listed[] {
  const entries: Listed[] = [];
  for (const line of output.split("\0")) {
    const match = listedLine.exec(line);
    const { mode, oid = "", size, path = "" } = match?.groups ?? {};
    if (mode === undefined) continue;
    // A submodule is told without a size.
    entries.push({ path, oid, kind: kinds.get(mode) ?? "file", size: Number(size) || 0 });
  }
  return entries;
}

async function readInto(
  texts: Map<string, FileContent>,
  entries: readonly Listed[],
  options: {
    readonly gitDir: string;
    readonly clock: Clock;
    /** Blobs that are kept even where they are no text. */
    readonly needed: ReadonlySet<string>;
  },
): Promise<void> {
  if (entries.length === 0) return;
  const reader = new ObjectReader(options);
  try {
    for (const batch of batches(entries)) {
      const blobs = await reader.contents(batch.map(({ oid }) => oid));
      for (const { oid } of batch) {
        texts.set(oid, decodeContent(bytesOf(blobs, oid), options.needed.has(oid)));
      }
    }
  } finally {
    await reader.close();
  }
}

function contentOf(texts: TextCache, oid: string): FileContent {
  const content = texts.get(oid);
  if (content !== undefined) return content;
  throw new FleetError("GIT_CORRUPT", `blob ${oid} is missing`);
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
