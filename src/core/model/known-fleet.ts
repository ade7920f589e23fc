/**
 * What was read of a fleet before, so that a commit costs the reading of what it changes: whatever is as it was is given
 * back as the same object, and who works with it sees by that alone that nothing has changed.
 */
import type { SourceFile } from "./fleet-model.ts";
import { isSameList } from "./is-same-list.ts";
import type { FleetDocument, KindName } from "./kinds.ts";
import type { Entry } from "./fleet-draft.ts";
import { NamedEntries, type NamedPart } from "./named-entries.ts";
import type { KindDocument } from "./read-fleet-files.ts";

export class KnownFleet {
  #files = new Map<string, SourceFile>();
  #manifests: ReadonlyMap<string, readonly SourceFile[]> = new Map();
  #documents: readonly (readonly KindDocument[])[] = [];
  readonly #kinds = new Map<KindName, NamedEntries<Entry<FleetDocument>>>();

  /** These files, each as the object that it was the last time, where it is the same. Others are forgotten. */
  files(files: readonly SourceFile[]): readonly SourceFile[] {
    const same = files.map((file) => {
      const known = this.#files.get(file.path);
      if (known !== undefined && isSameFile(known, file)) return known;
      this.#files.set(file.path, file);
      return file;
    });
    if (this.#files.size > same.length) {
      this.#files = new Map(same.map((file) => [file.path, file]));
    }
    return same;
  }

  /** The documents of each file: the list of the last time where they are the same, in the same order. */
  documents(byFile: readonly (readonly KindDocument[])[]): readonly (readonly KindDocument[])[] {
    if (!isSameList(this.#documents, byFile)) this.#documents = byFile;
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
  const kept = new WeakMap<Owner, { readonly result: Result }>();
  return (owner) => {
    const known = kept.get(owner);
    if (known !== undefined) return known.result;
    const result = make(owner);
    kept.set(owner, { result });
    return result;
  };
}
