/**
 * The one question that the controller puts to a worker: how do the live objects of a site differ from what the mirror
 * wants, and who has the fields that we send? It goes out as a line `{"ask": SiteQuestion}` on the stream of hints, and
 * comes back as a SiteAnswer, by POST. Values of Secrets, and what looks like a secret, never are in it.
 */
import { type Static, Type } from "typebox";

const closed = { additionalProperties: false } as const;
/** Longest text of a value. */
export const maxValueLength = 400;
const Words = Type.String({ maxLength: 2000 });

export const SiteQuestion = Type.Object(
  { id: Type.String(), site: Type.String(), app: Type.Union([Type.String(), Type.Null()]) },
  closed,
);
export type SiteQuestion = Static<typeof SiteQuestion>;

/** A line on the stream of hints; a worker that does not know it passes over it. */
export const Ask = Type.Object({ ask: SiteQuestion }, closed);
export type Ask = Static<typeof Ask>;

/** The value of one of our fields, as it is and as an apply would leave it: JSON, cut where it is long; null: none. */
const FieldDifference = Type.Object({
  field: Words,
  live: Type.Union([Words, Type.Null()]),
  desired: Type.Union([Words, Type.Null()]),
  /** The values may be secret, and are not told. */
  hidden: Type.Boolean(),
  /** Other managers that have the field now. */
  managers: Type.Array(Words),
});
export type FieldDifference = Static<typeof FieldDifference>;

/**
 * A field that somebody else has. `shared`: with the value that we send, so that both have it then; `taken`: becomes
 * ours; `removed`: is not in Git, and goes or gets its default; `conflict`: is left alone, and so is the object.
 */
const FieldClaim = Type.Object({
  field: Words,
  manager: Words,
  verdict: Type.Union([
    Type.Literal("shared"),
    Type.Literal("taken"),
    Type.Literal("removed"),
    Type.Literal("conflict"),
  ]),
});
export type FieldClaim = Static<typeof FieldClaim>;

const ObjectComparison = Type.Object({
  /** `Deployment default/web`. */
  object: Words,
  /** `conflict`: it is somebody else's, or fields of it are; `extra`: in the inventory, not wanted; `unknown`: could not be compared. */
  state: Type.Union([
    Type.Literal("same"),
    Type.Literal("missing"),
    Type.Literal("differs"),
    Type.Literal("conflict"),
    Type.Literal("extra"),
    Type.Literal("unknown"),
  ]),
  /** Why, what becomes of it, or what stays of it that Git no longer has; "" where the state says all. */
  reason: Words,
  /** It stands, and does not name this app as its owner: an apply would make it ours. */
  adopts: Type.Boolean(),
  fields: Type.Array(FieldDifference),
  claims: Type.Array(FieldClaim),
  /** Fields and claims that are not listed, because there are too many. */
  omitted: Type.Integer({ minimum: 0 }),
});
export type ObjectComparison = Static<typeof ObjectComparison>;

export const SiteDiff = Type.Object({
  site: Type.String(),
  apps: Type.Array(
    Type.Object({
      app: Type.String(),
      /** Objects that were compared. */
      compared: Type.Integer({ minimum: 0 }),
      /** Those of them of which there is something to tell. */
      objects: Type.Array(ObjectComparison),
    }),
  ),
});
export type SiteDiff = Static<typeof SiteDiff>;

/** Either a diff, or why there is none. */
export const SiteAnswer = Type.Object({
  id: Type.String(),
  diff: Type.Optional(SiteDiff),
  refusal: Type.Optional(
    Type.Object({ code: Type.String(), message: Words, hint: Type.Optional(Words) }),
  ),
});
export type SiteAnswer = Static<typeof SiteAnswer>;
