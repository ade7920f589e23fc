/** What control has of a site itself. */
import { type Static, Type } from "typebox";
import { record, Time, Tree, Word } from "./record-parts.ts";

/** Which mirror serves a site, and a move under way. */
export const SiteAssignment = record({
  mirror: Type.String(),
  /** UID of the cluster's kube-system namespace, as its worker told. */
  uid: Type.Optional(Type.String()),
  /** The one that it had when it was forgotten, or that an operator names, until its worker tells which it has now. */
  formerUid: Type.Optional(Type.String()),
  /** The head that does not declare it any more, and how the one before did: set until its apps have left it. */
  leaving: Type.Optional(
    record({
      head: Type.String(),
      at: Time,
      facts: record({
        region: Type.String(),
        mirror: Type.String(),
        labels: Type.Record(Type.String(), Type.String()),
        suspend: Type.Boolean(),
        timeZone: Type.Optional(Type.String()),
      }),
    }),
  ),
  /**
   * Set while the site moves, or is forgotten: it leaves `mirror`'s tree, and comes to any other only when that worker
   * has stopped.
   */
  moving: Type.Optional(
    record({
      to: Type.String(),
      /**
       * What the old worker said of this site before the move (`stopped`, "" for nothing): the same again is no
       * acknowledgement of this move.
       */
      commit: Type.String(),
      at: Time,
      /** The trees it had: they are what the new mirror gets. */
      trees: Type.Record(Type.String(), Tree),
      good: Type.Record(Type.String(), Tree),
      /** The fleet does not have the site (any more, or until now): what it had is kept for when it comes back. */
      forgotten: Type.Optional(Time),
      /** It stood in several mirrors: what is newest there nobody knows. */
      several: Type.Optional(Type.Literal(true)),
      /** When its old worker had stopped writing to it, or there was nothing that it could have written. */
      stopped: Type.Optional(Time),
      /** Operator's word, instead of the old worker's acknowledgement. */
      released: Type.Optional(record(Word)),
      /** Set when nobody writes to it any more: from now on its new mirror may have it. */
      entering: Type.Optional(Time),
    }),
  ),
});
export type SiteAssignment = Static<typeof SiteAssignment>;
