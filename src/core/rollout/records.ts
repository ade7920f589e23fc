/**
 * What is stored of releases (RELEASES.md 2). These schemas check every record that is read back from `control`.
 *
 * control's tree:
 *   head.json                       FollowedHead: the last followed commit of the fleet repository
 *   epoch.json                      { epoch }: raised by every starting leader
 *   apps/<app>/current.json         CurrentReleases
 *   apps/<app>/open/<release>.json  Release: at most one of kind `app`; any number of `site` and `removal`
 *   apps/<app>/bad.json             { digests: [...] }
 *   holds/<id>.json                 Hold
 *   sites/<site>.json               SiteAssignment
 *   workers/<mirror>.json           WorkerSilences
 *
 * Frozen at the start of a release: stages and list. Appended, because it happens once: handed, failed, excused,
 * opened, passed, approvals. All else (done, in flight, soaking, ...) is derived; there is no step counter.
 * Times are ISO 8601 in UTC.
 */
import { type Static, type TProperties, Type } from "typebox";

const closed = { additionalProperties: false } as const;
const record = <T extends TProperties>(properties: T) => Type.Object(properties, closed);
const Time = Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$" });
const Tree = Type.String();

/** The last head of the fleet repository that was valid and followed, and the one followed before it. */
export const FollowedHead = record({
  commit: Type.String(),
  previous: Type.Optional(Type.String()),
  at: Time,
});
export type FollowedHead = Static<typeof FollowedHead>;

/** Names an app release: what is rendered (app inputs of `source`) and how it is recognised. */
export const ReleaseRef = record({
  id: Type.String(),
  /** Input digest of the app (RenderedApp.inputDigest). */
  digest: Type.String(),
  renderer: Type.Integer(),
  /** Commit of the fleet repository whose app inputs are rendered. */
  source: Type.String(),
});
export type ReleaseRef = Static<typeof ReleaseRef>;

/** Which release each site of an app is entitled to. */
export const CurrentReleases = record({
  /** Of all sites that no entry of `partial` names; null until the first release is through. */
  release: Type.Union([ReleaseRef, Type.Null()]),
  /** Stages passed by a release that was not through when it ended (or is not yet), oldest first; a later entry wins. */
  partial: Type.Array(
    record({ stage: Type.String(), release: ReleaseRef, sites: Type.Array(Type.String()) }),
  ),
});
export type CurrentReleases = Static<typeof CurrentReleases>;

/** A stage with its numbers resolved ("10 % of 37 = 3"); budgets are counts of sites. */
export const FrozenStage = record({
  name: Type.String(),
  /** How its sites were chosen, in words: `count 1`, `10 % of 37 = 3`, `selector ring=0`, `rest`. */
  by: Type.String(),
  /** Selector text, when it has one: a joiner belongs to the stage whose selector matches it. */
  selector: Type.Optional(Type.String()),
  approval: Type.Boolean(),
  soakMs: Type.Integer(),
  failureBudget: Type.Integer(),
  maxInFlight: Type.Integer(),
  maxUnavailable: Type.Integer(),
});
export type FrozenStage = Static<typeof FrozenStage>;

export const ListEntry = record({
  /** Index in `stages`. */
  stage: Type.Integer(),
  /** Tree it comes from; null: the app is not there. */
  from: Type.Union([Tree, Type.Null()]),
  /** Tree it goes to; null: removal (`verb` tells how). */
  to: Type.Union([Tree, Type.Null()]),
});
export type ListEntry = Static<typeof ListEntry>;

export const Approval = record({
  what: Type.Union([Type.Literal("stage"), Type.Literal("deletions"), Type.Literal("verb")]),
  /** Stage name, number of deletions, or verb. */
  value: Type.String(),
  /** Digest of (release, stages, set of sites) it was given for. */
  digest: Type.String(),
  by: Type.String(),
  at: Time,
  why: Type.Optional(Type.String()),
});
export type Approval = Static<typeof Approval>;

export const RemovalVerb = Type.Union([
  Type.Literal("delete"),
  Type.Literal("orphan"),
  Type.Literal("hold"),
]);
export type RemovalVerb = Static<typeof RemovalVerb>;

export const Release = record({
  id: Type.String(),
  app: Type.String(),
  kind: Type.Union([Type.Literal("app"), Type.Literal("site"), Type.Literal("removal")]),
  digest: Type.String(),
  renderer: Type.Integer(),
  /** Commit that started it. */
  source: Type.String(),
  /** Commit whose strategy and budgets hold for it. */
  budgetsFrom: Type.String(),
  strategy: Type.String(),
  startedAt: Time,
  verb: Type.Optional(RemovalVerb),
  minReadyMs: Type.Integer(),
  progressDeadlineMs: Type.Integer(),
  unknownBlocks: Type.Boolean(),
  stages: Type.Array(FrozenStage),
  list: Type.Record(Type.String(), ListEntry),
  /** Objects it deletes over all its sites, and why that needs an approval (absent: none needed). */
  deletions: record({
    objects: Type.Integer(),
    needsApproval: Type.Optional(Type.String()),
  }),
  handed: Type.Record(Type.String(), record({ at: Time, commit: Type.Optional(Type.String()) })),
  /** Sites that an older release had handed over and that had not settled when this one replaced it. */
  carried: Type.Record(Type.String(), record({ at: Time })),
  failed: Type.Record(Type.String(), record({ at: Time, cause: Type.String() })),
  excused: Type.Record(Type.String(), record({ at: Time, by: Type.String(), why: Type.String() })),
  opened: Type.Record(Type.String(), Time),
  passed: Type.Record(Type.String(), Time),
  approvals: Type.Array(Approval),
});
export type Release = Static<typeof Release>;

/** A hold stops the releases in its scope; with `all` the open list too. Never observation or repair. */
export const Hold = record({
  id: Type.String(),
  scope: record({
    fleet: Type.Optional(Type.Literal(true)),
    region: Type.Optional(Type.String()),
    site: Type.Optional(Type.String()),
    app: Type.Optional(Type.String()),
    stage: Type.Optional(Type.String()),
  }),
  all: Type.Optional(Type.Boolean()),
  by: Type.String(),
  why: Type.String(),
  at: Time,
});
export type Hold = Static<typeof Hold>;

/** Which mirror serves a site, and a move under way. */
export const SiteAssignment = record({
  mirror: Type.String(),
  /** UID of the cluster's kube-system namespace, as its worker told. */
  uid: Type.Optional(Type.String()),
  /** Set while the site moves: it has left `mirror`'s tree in this commit and waits until that worker has stopped. */
  moving: Type.Optional(
    record({
      to: Type.String(),
      /** Commit of the old mirror in which the site is gone. */
      commit: Type.String(),
      at: Time,
      /** The trees it had: they are what the new mirror gets. */
      trees: Type.Record(Type.String(), Tree),
      good: Type.Record(Type.String(), Tree),
      /** Operator's word, instead of the old worker's acknowledgement. */
      released: Type.Optional(record({ by: Type.String(), at: Time, why: Type.String() })),
    }),
  ),
});
export type SiteAssignment = Static<typeof SiteAssignment>;

/** Times in which a worker was silent, kept as long as an open release may have to subtract them. */
export const WorkerSilences = record({
  silences: Type.Array(record({ from: Time, to: Time })),
  /** Operator's word that the region is excused until its worker is back. */
  excused: Type.Optional(record({ by: Type.String(), at: Time, why: Type.String() })),
});
export type WorkerSilences = Static<typeof WorkerSilences>;
