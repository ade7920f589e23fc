/**
 * Variants in two parts: objects that many have in common, and those of one. In: finished objects. Out: the variant of
 * both, whose tree is made of theirs; its list of objects is made when somebody asks for it.
 */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { RenderedObject, TreeId, Variant } from "./rendered.ts";
import type { FinishedObject } from "./finish-object.ts";
import { TreeEntries, type TreeFileEntry } from "./git-tree.ts";
import { isOrdinary } from "./app-table.ts";

/** Objects of a variant that are its own. */
export interface OwnPart {
  /** Sorted by `id`. */
  readonly objects: readonly RenderedObject[];
  readonly entries: readonly TreeFileEntry[];
  readonly problems: readonly Diagnostic[];
  readonly isOrdinary: boolean;
}

/** Finished objects as a part of a variant. */
export function ownPart(finished: readonly FinishedObject[]): OwnPart {
  return {
    objects: sortedObjects(finished.map(({ rendered }) => rendered)),
    entries: finished.map(({ entry }) => entry),
    problems: finished.flatMap(({ problems }) => problems),
    isOrdinary: finished.every(({ rendered }) => isOrdinary(rendered.object)),
  };
}

function sortedObjects(objects: readonly RenderedObject[]): readonly RenderedObject[] {
  return objects.length < 2 ? objects : objects.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Objects that variants have in common. */
export class SharedPart {
  readonly problems: readonly Diagnostic[];
  readonly objects: readonly RenderedObject[];
  readonly isOrdinary: boolean;
  readonly #entries: TreeEntries;
  #alone: Variant | undefined;

  constructor(finished: readonly FinishedObject[]) {
    const { objects, entries, problems, isOrdinary } = ownPart(finished);
    this.objects = objects;
    this.problems = problems;
    this.isOrdinary = isOrdinary;
    this.#entries = new TreeEntries(entries);
  }

  /** The variant that has nothing else: the same object each time. */
  get alone(): Variant {
    this.#alone ??= {
      tree: this.#entries.idWith([]),
      objects: this.objects,
      isOrdinary: this.isOrdinary,
    };
    return this.#alone;
  }

  /** The variant with objects of its own beside these. */
  with(own: OwnPart): Variant {
    return new PartedVariant(this.#entries.idWith(own.entries), this, own);
  }
}

class PartedVariant implements Variant {
  readonly tree: TreeId;
  readonly #shared: SharedPart;
  readonly #own: OwnPart;

  constructor(tree: TreeId, shared: SharedPart, own: OwnPart) {
    this.tree = tree;
    this.#shared = shared;
    this.#own = own;
  }

  get isOrdinary(): boolean {
    return this.#shared.isOrdinary && this.#own.isOrdinary;
  }

  get objects(): readonly RenderedObject[] {
    return sortedObjects([...this.#shared.objects, ...this.#own.objects]);
  }
}
