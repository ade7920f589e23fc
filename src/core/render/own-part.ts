/**
 * The objects that are a shape's own, so that they need not be kept: what can be made again from a site is. In: what they
 * came to. Out: their part of a variant.
 */
import type { ShapeInput } from "./app-parts.ts";
import { noKinds } from "./custom-kinds.ts";
import { type FilledFrom, type FilledShape, fillShapes } from "./fill-shapes.ts";
import { type FinishedObject, finishObject } from "./finish-object.ts";
import type { RenderedObject } from "./rendered.ts";
import { OverlayChain } from "./overlay-chain.ts";
import { areOrdinary, type OwnPart } from "./variant-parts.ts";

/** Makes own objects of an app, without the fleet and all that was made of it. */
export class OwnMaker {
  readonly #app: ShapeInput["app"];
  readonly #source: ShapeInput["source"];
  readonly #owner: ShapeInput["owner"];
  /** One of its own, so that it keeps nothing of any other shape. */
  readonly #chain: OverlayChain;

  constructor({ app, source, owner, manifests }: ShapeInput) {
    this.#app = app;
    this.#source = source;
    this.#owner = owner;
    this.#chain = new OverlayChain(app, manifests);
  }

  /** The part of a variant that a shape's own objects are. Where they come of other sites too, they are kept. */
  partOf(finished: readonly FinishedObject[], { from }: FilledShape): OwnPart {
    const entries = finished.map(({ entry }) => entry);
    const isOrdinary = areOrdinary(finished);
    if (from !== null) return new LaterPart({ entries, isOrdinary }, this, from);
    const objects = finished.map(({ rendered }) => rendered);
    return { entries, isOrdinary, objects: () => objects };
  }

  /** The objects of a shape once more. */
  again({ shape, site }: FilledFrom): readonly RenderedObject[] {
    const facts = { of: () => site, calls: {} };
    const input = { ...this.#source, app: this.#app, facts };
    const { shapes } = fillShapes(input, [{ ...shape, sites: [site.name] }]);
    this.#chain.begin();
    const objects = shapes.flatMap((one) => this.#chain.apply(one).own?.objects ?? []);
    // What is wrong with them was told before.
    return objects.map((object) => finishObject(object, this.#owner, noKinds).rendered);
  }
}

/** A part whose objects are made again. */
export class LaterPart implements OwnPart {
  readonly entries: OwnPart["entries"];
  readonly isOrdinary: boolean;
  readonly #maker: OwnMaker;
  readonly #from: FilledFrom;

  constructor(
    { entries, isOrdinary }: Pick<OwnPart, "entries" | "isOrdinary">,
    maker: OwnMaker,
    from: FilledFrom,
  ) {
    this.entries = entries;
    this.isOrdinary = isOrdinary;
    this.#maker = maker;
    this.#from = from;
  }

  /** Positions of the overlays that it went through, as text. */
  get overlays(): string {
    return this.#from.shape.overlays.join();
  }

  objects(): readonly RenderedObject[] {
    const objects = this.#maker.again(this.#from);
    if (objects.length === this.entries.length) return objects;
    throw new Error(`site ${this.#from.site.name} has other objects of its own than it had`);
  }
}
