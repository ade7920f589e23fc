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
  readonly entries: readonly TreeFileEntry[];
  readonly isOrdinary: boolean;
  /** Made when somebody asks: where each site has some, these would be most of the memory. */
  readonly objects: () => readonly RenderedObject[];
}

/** No object says how it is to be kept, protected or made anew. */
export function areOrdinary(finished: readonly FinishedObject[]): boolean {
  return finished.every(({ rendered }) => isOrdinary(rendered.object));
}

function sortedObjects(objects: readonly RenderedObject[]): readonly RenderedObject[] {
  return objects.length < 2 ? objects : objects.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Objects that variants have in common. */
export class SharedPart {
  readonly problems: readonly Diagnostic[];
  /** Sorted by `id`. */
  readonly objects: readonly RenderedObject[];
  readonly isOrdinary: boolean;
  readonly #entries: TreeEntries;
  #alone: Variant | undefined;

  constructor(finished: readonly FinishedObject[]) {
    this.objects = sortedObjects(finished.map(({ rendered }) => rendered));
    this.problems = finished.flatMap(({ problems }) => problems);
    this.isOrdinary = areOrdinary(finished);
    this.#entries = new TreeEntries(finished.map(({ entry }) => entry));
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

/** A variant with objects of its own. */
export class PartedVariant implements Variant {
  readonly tree: TreeId;
  readonly own: OwnPart;
  readonly #shared: SharedPart;
  /** For who asks several times in one go. */
  #made: WeakRef<readonly RenderedObject[]> | undefined;

  constructor(tree: TreeId, shared: SharedPart, own: OwnPart) {
    this.tree = tree;
    this.#shared = shared;
    this.own = own;
  }

  get isOrdinary(): boolean {
    return this.#shared.isOrdinary && this.own.isOrdinary;
  }

  get objects(): readonly RenderedObject[] {
    const known = this.#made?.deref();
    if (known !== undefined) return known;
    const made = sortedObjects([...this.#shared.objects, ...this.own.objects()]);
    this.#made = new WeakRef(made);
    return made;
  }
}
