/**
 * What was read of a fleet before, so that a commit costs the reading of what it changes: whatever is as it was is given
 * back as the same object, and who works with it sees by that alone that nothing has changed.
 */
import { KeptResults } from "./kept-results.ts";
import type { SourceFile } from "./fleet-model.ts";
import type { KindName } from "./kinds.ts";
import type { KindDocument } from "./read-fleet-files.ts";

export class KnownFleet {
  #files = new Map<string, SourceFile>();
  #manifests: ReadonlyMap<string, readonly SourceFile[]> = new Map();
  #documents: readonly KindDocument[] = [];
  readonly #kinds = new Map<KindName, ReadonlyMap<string, unknown>>();

  /** These files, each as the object that it was the last time, where it is the same. Others are forgotten. */
  files(files: readonly SourceFile[]): readonly SourceFile[] {
    const same = files.map((file) => {
      const known = this.#files.get(file.path);
      return known !== undefined && isSameFile(known, file) ? known : file;
    });
    this.#files = new Map(same.map((file) => [file.path, file]));
    return same;
  }

  /** The documents of the last time where they are the same, in the same order; else these. */
  documents(documents: readonly KindDocument[]): readonly KindDocument[] {
    if (!isSameList(this.#documents, documents)) this.#documents = documents;
    return this.#documents;
  }

  /** What the last time was of a kind, by name, where it is the same in the same order; else this. */
  ofKind<T>(kind: KindName, byName: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
    const known = this.#kinds.get(kind);
    if (known !== undefined && isSameMap(known, byName)) return known as ReadonlyMap<string, T>; // its values are those
    this.#kinds.set(kind, byName);
    return byName;
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

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function isSameMap(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  if (a.size !== b.size) return false;
  const entries = a.entries();
  for (const [key, value] of b) {
    const [knownKey, knownValue] = entries.next().value ?? [];
    if (key !== knownKey || value !== knownValue) return false;
  }
  return true;
}

function isSameFile(a: SourceFile, b: SourceFile): boolean {
  return (
    a === b ||
    (a.text === b.text &&
      a.problem === b.problem &&
      a.leftOut === b.leftOut &&
      a.isBinary === b.isBinary)
  );
}

/** A function of one object, whose results are kept as long as the object. */
export function keptFor<Owner extends object, Result>(
  make: (owner: Owner) => Result,
): (owner: Owner) => Result {
  const kept = new KeptResults<Owner, Result>(1);
  return (owner) => kept.get(owner, [], () => make(owner));
}
