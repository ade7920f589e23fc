/**
 * The objects that are a shape's own, so that they need not be kept: what can be made again from a site is. In: what they
 * came to. Out: their part of a variant.
 */
import type { ShapeInput } from "./app-parts.ts";
import { type FilledFrom, type FilledShape, fillShapes } from "./fill-shapes.ts";
import { type FinishedObject, finishObject } from "./finish-object.ts";
import type { RenderedObject } from "./rendered.ts";
import { areOrdinary, type OwnPart } from "./variant-parts.ts";

/** What objects are made with, without the fleet. */
type OwnMaker = Pick<ShapeInput, "app" | "source" | "chain" | "owner">;

/** The part of a variant that a shape's own objects are. Where they come of other sites too, they are kept. */
export function ownPart(
  finished: readonly FinishedObject[],
  { app, source, chain, owner }: ShapeInput,
  { from }: FilledShape,
): OwnPart {
  const entries = finished.map(({ entry }) => entry);
  const isOrdinary = areOrdinary(finished);
  if (from !== null) {
    return new LaterPart({ entries, isOrdinary }, { app, source, chain, owner }, from);
  }
  const objects = finished.map(({ rendered }) => rendered);
  return { entries, isOrdinary, objects: () => objects };
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
    const { app, source, chain, owner } = this.#maker;
    const { shape, site } = this.#from;
    const facts = { of: () => site, calls: {} };
    const sites = [site.name];
    const filled = fillShapes({ ...source, app, facts }, [{ ...shape, sites }]);
    const objects = filled.shapes.flatMap((one) => chain.apply(one).own?.objects ?? []);
    return objects.map((object) => finishObject(object, owner).rendered);
  }
}
