/**
 * What was read of a fleet before, so that a commit costs the reading of what it changes: whatever is as it was is given
 * back as the same object, and who works with it sees by that alone that nothing has changed.
 */
import type { SourceFile } from "./fleet-model.ts";
import { blocksOf, type FileBlock } from "./file-blocks.ts";
import { isSameList } from "./is-same-list.ts";
import type { FleetDocument, KindName } from "./kinds.ts";
import type { Entry } from "./fleet-draft.ts";
import { NamedEntries, type NamedPart } from "./named-entries.ts";
import type { KindDocument } from "./read-fleet-files.ts";

export class KnownFleet {
  #files: readonly SourceFile[] = [];
  #blocks: readonly FileBlock[] = [];
  readonly #paths = new Map<string, readonly string[]>();
  #manifests: ReadonlyMap<string, readonly SourceFile[]> = new Map();
  #documents: readonly (readonly KindDocument[])[] = [];
  readonly #kinds = new Map<KindName, NamedEntries<Entry<FleetDocument>>>();

  /**
   * These files in the order of their paths, each as the object that it was the last time, where it is the same. Others are
   * forgotten.
   */
  files(files: readonly SourceFile[]): readonly SourceFile[] {
    // Mostly they come in order, and to sort costs more than to look.
    const byPath = (): SourceFile[] => files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    this.#files = this.#inOrder(files) ?? this.#inOrder(byPath()) ?? files;
    return this.#files;
  }

  /** Undefined where these are not in order. A path that is the next known one is, which is seen by one comparison. */
  #inOrder(files: readonly SourceFile[]): readonly SourceFile[] | undefined {
    const known = this.#files;
    const found: SourceFile[] = [];
    let at = 0;
    let last = "";
    for (const file of files) {
      const { path } = file;
      if (known[at]?.path !== path) {
        if (path < last) return undefined;
        at = firstFrom(path, known, at);
      }
      found.push(sameFile(known[at], file));
      if (known[at]?.path === path) at += 1;
      last = path;
    }
    return found;
  }

  /** The same in blocks: each the list that it was the last time, where it has the same files. */
  blocks(files: readonly SourceFile[]): readonly FileBlock[] {
    this.#blocks = blocksOf(this.files(files), this.#blocks);
    return this.#blocks;
  }

  /** Patterns of files, or folders: the list of the last time where they are the same. */
  paths(what: "ignored" | "sources", paths: readonly string[]): readonly string[] {
    const known = this.#paths.get(what);
    if (known !== undefined && isSameList(known, paths)) return known;
    this.#paths.set(what, paths);
    return paths;
  }

  /** The documents of each block: the list of the last time where they are the same, in the same order. */
  documents(byBlock: readonly (readonly KindDocument[])[]): readonly (readonly KindDocument[])[] {
    if (!isSameList(this.#documents, byBlock)) this.#documents = byBlock;
    return this.#documents;
  }

  /**
   * What files have of a kind: the map of the last time where these are the same, in the same order. Undefined where a name
   * stands twice.
   */
  ofKind(
    kind: KindName,
    parts: readonly NamedPart<Entry<FleetDocument>>[],
  ): NamedEntries<Entry<FleetDocument>> | undefined {
    const last = this.#kinds.get(kind);
    if (last?.isOf(parts)) return last;
    const entries = NamedEntries.of(parts, last);
    if (entries !== undefined) this.#kinds.set(kind, entries);
    return entries;
  }

  /** Manifests by app: the lists of the last time where they are the same. */
  manifests(
    byApp: ReadonlyMap<string, readonly SourceFile[]>,
  ): ReadonlyMap<string, readonly SourceFile[]> {
    const same = [...byApp].map(([app, files]) => {
      const known = this.#manifests.get(app);
      return [app, known !== undefined && isSameList(known, files) ? known : files] as const;
    });
    this.#manifests = new Map(same);
    return this.#manifests;
  }
}

/** Where the files begin whose paths are not before this one, from a position on. */
function firstFrom(path: string, files: readonly SourceFile[], from: number): number {
  let at = from;
  while ((files[at]?.path ?? path) < path) at += 1;
  return at;
}

function sameFile(known: SourceFile | undefined, file: SourceFile): SourceFile {
  return known?.path === file.path && isSameFile(known, file) ? known : file;
}

function isSameFile(a: SourceFile, b: SourceFile): boolean {
  return (
    a === b ||
    (a.text === b.text &&
      a.problem === b.problem &&
      isSamePlace(a.problemAt, b.problemAt) &&
      a.leftOut === b.leftOut &&
      a.isBinary === b.isBinary)
  );
}

function isSamePlace(a: SourceFile["problemAt"], b: SourceFile["problemAt"]): boolean {
  return a?.line === b?.line && a?.column === b?.column;
}

/** A function of one object, whose results are kept as long as the object. */
export function keptFor<Owner extends object, Result>(
  make: (owner: Owner) => Result,
): (owner: Owner) => Result {
  const kept = new WeakMap<Owner, { readonly result: Result }>();
  return (owner) => {
    const known = kept.get(owner);
    if (known !== undefined) return known.result;
    const result = make(owner);
    kept.set(owner, { result });
    return result;
  };
}
