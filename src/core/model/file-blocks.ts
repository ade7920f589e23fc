/**
 * The files of a repository in blocks of some, so that what is found of files is looked at block by block and not file by
 * file. In: files in the order of their paths. Out: the same in blocks, which depend on nothing but the files: where one
 * comes, goes or changes, all blocks but its own are the same lists as before.
 */
import type { SourceFile } from "./fleet-model.ts";

/** Files one behind the other. Never empty. */
export type FileBlock = readonly SourceFile[];

/** One of so many files is the last one of its block. */
const filesOfBlock = 64;

/** A file with more characters is the last one of its block: there is enough to look at. */
const largeFile = 4096;

/** The blocks of files; those that `before` has already are these. */
export function blocksOf(
  files: readonly SourceFile[],
  before: readonly FileBlock[],
): readonly FileBlock[] {
  const known = new Map(before.map((block) => [block[0], block]));
  const blocks: FileBlock[] = [];
  let start = 0;
  while (start < files.length) {
    const same = known.get(files[start]);
    const isSame = same !== undefined && isBlockAt(start, same, files);
    const block = isSame ? same : files.slice(start, endFrom(start, files));
    blocks.push(block);
    start += block.length;
  }
  return blocks;
}

function isBlockAt(start: number, block: FileBlock, files: readonly SourceFile[]): boolean {
  if (!block.every((file, index) => file === files[start + index])) return false;
  const end = start + block.length;
  return end === files.length || endFrom(end - 1, files) === end;
}

/** Behind the block that a file is in. */
function endFrom(start: number, files: readonly SourceFile[]): number {
  for (let at = start; at < files.length; at++) {
    const file = files[at];
    if (file !== undefined && endsBlock(file)) return at + 1;
  }
  return files.length;
}

function endsBlock({ path, text }: SourceFile): boolean {
  if (text.length > largeFile) return true;
  let sum = 0;
  for (let at = 0; at < path.length; at++) sum = (sum * 31 + path.charCodeAt(at)) % 65_521;
  return sum % filesOfBlock === 0;
}
