/**
 * What worker and controller say to each other besides git. The worker dials; everything is under the URL of its
 * mirror, with its token (HTTP Basic `flotilla:<token>`, as git sends it):
 *
 *   GET  <mirror url>/info/refs, POST .../git-upload-pack   ordinary `git fetch`
 *   GET  <mirror url>/info/refs, POST .../git-receive-pack  one `git push`, only while the controller asks for it
 *   GET  <mirror url>/hints                                  a stream of Hint, one JSON line each; a line at least every 15 s.
 *                                                            One that says nothing new asks for a report, at once
 *   POST <mirror url>/reports                                one WorkerReport; answered with ReportAnswer
 *   POST <mirror url>/answers                                one SiteAnswer, where the stream of hints had a question
 *
 * The mirror URL is `<controller>/mirrors/<mirror>.git`. A report is also the heartbeat: one every `heartbeatMs`
 * (default 5 s) at least, at once when something changed. Three missed ones make the worker silent.
 *
 * Who reads passes over fields that it does not know (ADR 3): each side may be the older one.
 */
import { type Static, Type } from "typebox";

export const Hint = Type.Object({ head: Type.String(), epoch: Type.Integer() });
export type Hint = Static<typeof Hint>;

const HealthWord = Type.Union([
  Type.Literal("Healthy"),
  Type.Literal("Progressing"),
  Type.Literal("Degraded"),
  Type.Literal("Suspended"),
  Type.Literal("Missing"),
  Type.Literal("Unknown"),
]);

/** A name or an id: far longer than any is. */
const Word = Type.String({ maxLength: 512 });

/** One app at one site. Fields as ObservedApp (core/rollout/planner-types.ts). */
export const AppReport = Type.Object({
  site: Word,
  app: Word,
  tree: Type.Union([Word, Type.Null()]),
  left: Type.Boolean(),
  /** Release named by `meta` when the tree was applied. */
  release: Type.Union([Word, Type.Null()]),
  sync: Type.Union([Type.Literal("Synced"), Type.Literal("OutOfSync"), Type.Literal("Unknown")]),
  health: HealthWord,
  /** For how long all of `tree` has stood there; absent: that is not known, for it did before the worker started. */
  appliedForMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Up to the last look. */
  healthyForMs: Type.Integer({ minimum: 0 }),
  /** How long ago that look was when the report was made; absent: too long ago, or nobody can vouch for it any more. */
  lookedMs: Type.Optional(Type.Integer({ minimum: 0 })),
  longestHealthyMs: Type.Integer({ minimum: 0 }),
  everHealthy: Type.Boolean(),
  unverified: Type.Integer({ minimum: 0 }),
  objects: Type.Integer({ minimum: 0 }),
  message: Type.String({ maxLength: 2000 }),
});
export type AppReport = Static<typeof AppReport>;

export const SiteReport = Type.Object({
  site: Word,
  /** False: it has not answered for `offlineAfter` (60 s). */
  reachable: Type.Boolean(),
  uid: Type.Optional(Word),
  /** As its API server tells it; absent: nobody has told yet. */
  kubernetesVersion: Type.Optional(Type.String({ maxLength: 64 })),
  message: Type.String({ maxLength: 2000 }),
});
export type SiteReport = Static<typeof SiteReport>;

export const WorkerReport = Type.Object({
  /** Random id of this worker process, new at each start. */
  worker: Word,
  /** 1, 2, 3, ... within a worker process; a gap or a new `worker` makes the controller ask for `full`. */
  sequence: Type.Integer({ minimum: 1 }),
  /** True: `sites` and `apps` are everything; false: only what changed since the last acknowledged report. */
  full: Type.Boolean(),
  /** Mirror commit that is stored and verified; "" before the first. */
  head: Word,
  epoch: Type.Integer({ minimum: 0 }),
  sites: Type.Array(SiteReport),
  apps: Type.Array(AppReport),
  /** Sites it stopped writing to because the mirror no longer has them: site -> mirror commit, "" if it never had it. */
  stopped: Type.Record(Word, Word),
  /** Why the mirror's newest head is not followed; "" when it is. */
  refused: Type.String({ maxLength: 2000 }),
});
export type WorkerReport = Static<typeof WorkerReport>;

export const ReportAnswer = Type.Object({
  /** The report cannot be placed: send a full one. */
  resend: Type.Boolean(),
  head: Type.String(),
  epoch: Type.Integer(),
  /** The worker's head, which the mirror lacks: it shall be pushed to `refs/flotilla/recover`. */
  recover: Type.Optional(Type.String()),
});
export type ReportAnswer = Static<typeof ReportAnswer>;
