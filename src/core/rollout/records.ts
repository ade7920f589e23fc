/**
 * What is stored of releases. These schemas check every record that is read back from `control`.
 *
 * control's tree:
 *   head.json                       FollowedHead: the last followed commit of the fleet repository
 *   epoch.json                      { epoch }: raised by every starting leader
 *   apps/<app>/current.json         CurrentReleases
 *   apps/<app>/open/<release>.json  Release: at most one of kind `app`; any number of `site` and `removal`
 *   apps/<app>/bad.json             BadReleases: what is not tried again
 *   apps/<app>/arrivals.json        Arrivals: what the open list has handed over and is not settled
 *   holds/<id>.json                 Hold
 *   decisions/<name>.json           CarriedDecision
 *   sites/<site>.json               SiteAssignment
 *   workers/<mirror>.json           WorkerSilences
 *
 * Frozen at the start of a release: stages and list. Appended, because it happens once: handed, failed, excused,
 * opened, passed, approvals, went back. All else (done, in flight, soaking, ...) is derived; there is no step counter.
 * Times are ISO 8601 in UTC.
 */
import { type Static, Type } from "typebox";
import { record, Time, Tree, Word } from "./record-parts.ts";

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

const Budget = Type.Union([
  record({ count: Type.Integer({ minimum: 0 }) }),
  record({ percent: Type.Integer({ minimum: 0, maximum: 100 }) }),
]);

/** A condition of a rollout, in CEL. */
export const ReleaseCheck = record({
  name: Type.String(),
  cel: Type.String(),
  message: Type.Optional(Type.String()),
});
export type ReleaseCheck = Static<typeof ReleaseCheck>;

/** What must be true before a hand-over and after it. */
export const ReleaseChecks = record({
  before: Type.Array(ReleaseCheck),
  after: Type.Array(ReleaseCheck),
});
export type ReleaseChecks = Static<typeof ReleaseChecks>;

/** Names of the MaintenanceWindows that its strategy names; absent: none but those of the Fleet. */
const Windows = Type.Array(Type.String());

/** Budgets of an app's open list: those of its strategy's last stage, as shares of the app's sites. */
export const OpenListBudgets = record({
  failureBudget: Budget,
  maxInFlight: Budget,
  maxUnavailable: Budget,
  minReadyMs: Type.Integer(),
  progressDeadlineMs: Type.Integer(),
  unknownBlocks: Type.Boolean(),
  checks: Type.Optional(ReleaseChecks),
  windows: Type.Optional(Windows),
});
export type OpenListBudgets = Static<typeof OpenListBudgets>;

/** What the app was at a site when it was handed over: decides between `failed` and `unchanged` later. */
export const Standing = Type.Union([
  Type.Literal("healthy"),
  Type.Literal("unhealthy"),
  Type.Literal("joining"),
]);
export type Standing = Static<typeof Standing>;

/** Which release each site of an app is entitled to. */
export const CurrentReleases = record({
  /** Of all sites that no entry of `partial` names; null until the first release is through. */
  release: Type.Union([ReleaseRef, Type.Null()]),
  /** Stages passed by a release that was not through when it ended (or is not yet), oldest first; a later entry wins. */
  partial: Type.Array(
    record({
      stage: Type.String(),
      release: ReleaseRef,
      sites: Type.Array(Type.String()),
      /** Selector of the stage, when it has one: a joiner that matches it gets this release. */
      selector: Type.Optional(Type.String()),
      /** Why these sites stay on it when another one is current, in words: what went back, by whose word, when and why. */
      because: Type.Optional(Type.String()),
    }),
  ),
  /** Sites that what is current would place and the followed head does not: they are entitled to nothing. */
  unplaced: Type.Optional(Type.Array(Type.String())),
  /** Absent: the built-in defaults. */
  openList: Type.Optional(OpenListBudgets),
});
export type CurrentReleases = Static<typeof CurrentReleases>;

/** A stage with its numbers resolved ("10 % of 37 = 3"); budgets are counts of sites. */
export const FrozenStage = record({
  name: Type.String(),
  /** How its sites were chosen, in words: `count 1`, `10 % of 37 = 3`, `selector ring=0`, `rest`. */
  by: Type.String(),
  /** The stage of the strategy that became this one and others, a domain each. */
  of: Type.Optional(Type.String()),
  /** Other stages whose sites it has taken or moves with: a hold of one of them holds it. */
  covers: Type.Optional(Type.Array(Type.String())),
  /** Selector text, when it has one: a joiner belongs to the stage whose selector matches it. */
  selector: Type.Optional(Type.String()),
  approval: Type.Boolean(),
  /** It passes only when somebody promotes it. */
  promotion: Type.Optional(Type.Literal("manual")),
  soakMs: Type.Integer(),
  failureBudget: Type.Integer(),
  maxInFlight: Type.Integer(),
  maxUnavailable: Type.Integer(),
  /** The budgets that are percentages of the stage's sites: they are resolved anew when other sites come to it. */
  percent: Type.Optional(
    record({
      failureBudget: Type.Optional(Type.Integer()),
      maxInFlight: Type.Optional(Type.Integer()),
      maxUnavailable: Type.Optional(Type.Integer()),
    }),
  ),
});
export type FrozenStage = Static<typeof FrozenStage>;

/** What its strategy lets an urgent release do. */
export const UrgentRules = record({
  /** Names of the strategy's stages that are kept; absent: all. */
  stages: Type.Optional(Type.Array(Type.String())),
  soakMs: Type.Optional(Type.Integer()),
  minReadyMs: Type.Optional(Type.Integer()),
  ignoresWindows: Type.Optional(Type.Literal(true)),
});
export type UrgentRules = Static<typeof UrgentRules>;

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
  what: Type.Union([
    Type.Literal("stage"),
    Type.Literal("promotion"),
    Type.Literal("deletions"),
    Type.Literal("verb"),
  ]),
  /** Stage name (to open, or to promote), number of deletions, or verb. */
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

/** Which sites go back when a release fails too often: those that failed, those of the stage, or all that have it. */
export const RollbackScope = Type.Union([
  Type.Literal("failed"),
  Type.Literal("stage"),
  Type.Literal("all"),
]);
export type RollbackScope = Static<typeof RollbackScope>;

const backWord = {
  at: Time,
  scope: RollbackScope,
  /** The stage whose sites go back, for scope `stage`. */
  stage: Type.Optional(Type.String()),
  /** Absent: it went back by itself. */
  by: Type.Optional(Type.String()),
  why: Type.String(),
};

/** Why sites of a release go back, and which. */
export const BackWord = record(backWord);
export type BackWord = Static<typeof BackWord>;

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
  /** Absent: none. */
  checks: Type.Optional(ReleaseChecks),
  windows: Type.Optional(Windows),
  /** Absent: its strategy does not say what urgent means. */
  ifUrgent: Type.Optional(UrgentRules),
  /** An operator's word that it is urgent. */
  urgent: Type.Optional(record(Word)),
  stages: Type.Array(FrozenStage),
  list: Type.Record(Type.String(), ListEntry),
  /** Removal: what its app depends on, for when the fleet does not have it any more. */
  dependsOn: Type.Optional(Type.Array(Type.String())),
  /** Objects it deletes over all its sites, and why that needs an approval (absent: none needed). */
  deletions: record({
    objects: Type.Integer(),
    needsApproval: Type.Optional(Type.String()),
    /** Protected objects among them. */
    protected: Type.Optional(Type.Array(Type.String())),
    /** Protected objects that it drops and that other apps have or take: lost only with consent. */
    spared: Type.Optional(Type.Array(Type.String())),
    /** How many were deleted by each hand-over. */
    handed: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  }),
  handed: Type.Record(
    Type.String(),
    record({
      at: Time,
      commit: Type.Optional(Type.String()),
      was: Type.Optional(Standing),
      /** When it was done, with every check true: a later break is a failure. Absent where there are none. */
      met: Type.Optional(Time),
      /** The soak was over, and its stage waited for something else: nothing that breaks later is a failure. */
      soaked: Type.Optional(Time),
    }),
  ),
  /**
   * Sites that an older release had handed over, in a stage that it had not passed, when this one replaced it. They
   * keep their slot until they settle on what they have; `settled`: they already had.
   */
  carried: Type.Record(Type.String(), record({ at: Time, settled: Type.Optional(Type.Boolean()) })),
  /**
   * Candidate: what it has brought to a site beside what its list says: before a site release moved the site on, or by
   * the open list.
   */
  brought: Type.Optional(Type.Record(Type.String(), Type.Array(Tree))),
  /** Input digests of the candidates that it replaced, one after the other, and that sites may still have. */
  replaced: Type.Optional(Type.Array(Type.String())),
  /** `with`: the releases that moved together with it then: a retry is of all that failed there. */
  failed: Type.Record(
    Type.String(),
    record({ at: Time, cause: Type.String(), with: Type.Optional(Type.Array(Type.String())) }),
  ),
  /** Sites that failed and go again by an operator's word: what they were before the first time. */
  retried: Type.Optional(Type.Record(Type.String(), Standing)),
  /**
   * `with`: the word was said of that release, which moves together with this one. `spoken`: a person's word, though its
   * `by` is that of what the planner excuses by itself.
   */
  excused: Type.Record(
    Type.String(),
    record({
      ...Word,
      with: Type.Optional(Type.String()),
      spoken: Type.Optional(Type.Literal(true)),
    }),
  ),
  opened: Type.Record(Type.String(), Time),
  passed: Type.Record(Type.String(), Time),
  /** What its strategy wants when it fails too often; absent: sites stay where they are. */
  rollback: Type.Optional(RollbackScope),
  /**
   * It goes back: nothing more is handed over, and only a newer release or `retry` ends that. `also`: the words that came
   * after the first one, oldest first; a site goes back by any of them.
   */
  goingBack: Type.Optional(record({ ...backWord, also: Type.Optional(Type.Array(BackWord)) })),
  /** Single sites that an operator sets back. */
  setBack: Type.Optional(Type.Record(Type.String(), record(Word))),
  /** Sites that went back: from which tree and to which. Written before the mirror has it. */
  back: Type.Optional(Type.Record(Type.String(), record({ at: Time, from: Tree, to: Tree }))),
  /**
   * An operator's word: it sets the trees that sites had under an older release. One stage, no budget but slots, the
   * newest touched first; holds do not stop it. With `only` the other sites of the app stay as they are.
   */
  backTo: Type.Optional(
    record({
      release: ReleaseRef,
      by: Type.String(),
      why: Type.String(),
      only: Type.Optional(Type.Boolean()),
      /** When the app was last changed at a site, as the mirrors tell. */
      touched: Type.Record(Type.String(), Time),
      /** Sites for which the mirrors' history has no tree of that release: they stay. */
      stays: Type.Array(Type.String()),
    }),
  ),
  /** Protected objects of the trees it goes to: what a rollback takes away only with consent. */
  guarded: Type.Optional(Type.Array(Type.String())),
  /** Removal: sites from which the app has gone, as their workers reported. */
  left: Type.Optional(Type.Record(Type.String(), Time)),
  /** Budgets of the open list once this release is current. */
  openList: Type.Optional(OpenListBudgets),
  approvals: Type.Array(Approval),
});
export type Release = Static<typeof Release>;

/**
 * Input digests that are not tried again, and the trees they were handed over as: tree -> the sites to which they brought
 * it, where it is not good; `true`, and a plain list of earlier versions: nowhere.
 */
export const BadReleases = record({
  digests: Type.Array(Type.String()),
  trees: Type.Optional(
    Type.Union([
      Type.Array(Tree),
      Type.Record(Tree, Type.Union([Type.Literal(true), Type.Array(Type.String())])),
    ]),
  ),
});
export type BadReleases = Static<typeof BadReleases>;

/** Objects that a site loses on its way to a tree. */
export const SiteLosses = Type.Record(
  Type.String(),
  record({ to: Tree, objects: Type.Array(Type.String()) }),
);
export type SiteLosses = Static<typeof SiteLosses>;

/**
 * What the open list of an app has handed over and what of it failed. An entry goes when its site has settled on
 * `to`, or is taken over by a release. `excused`: people have said that no other site is to wait until the app is healthy
 * there; it counts until it is, for as long as one of these releases is open (none: the open list has something to do).
 */
export const Arrivals = record({
  handed: Type.Record(Type.String(), record({ at: Time, to: Tree, was: Standing })),
  failed: Type.Record(Type.String(), record({ at: Time, to: Tree, cause: Type.String() })),
  excused: Type.Optional(
    Type.Record(
      Type.String(),
      record({
        at: Time,
        by: Type.String(),
        why: Type.String(),
        releases: Type.Array(Type.String()),
      }),
    ),
  ),
  /** What sites may lose: counted by a release that could not reach them, or approved. */
  granted: Type.Optional(SiteLosses),
  /** What sites would lose and nobody has counted: it waits for an approval. */
  waiting: Type.Optional(SiteLosses),
});
export type Arrivals = Static<typeof Arrivals>;

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
  /** This release goes on; whatever else of the app is stopped. */
  release: Type.Optional(Type.String()),
  /** The Decision that declares it: it ends with its file, and by nothing else. */
  declared: Type.Optional(
    record({ decision: Type.String(), file: Type.String(), line: Type.Integer() }),
  ),
  /** The commit that ended or changed the Decision: it counts for what that one starts, until the next is followed. */
  endedBy: Type.Optional(Type.String()),
  by: Type.String(),
  why: Type.String(),
  at: Time,
});
export type Hold = Static<typeof Hold>;

/** A Decision of the fleet repository, and what became of it: carried out once, whatever becomes of its file. */
export const CarriedDecision = record({
  /** Of what it says: another digest is another decision. */
  digest: Type.String(),
  file: Type.String(),
  line: Type.Integer(),
  /** Who committed the file, and the commit. */
  by: Type.String(),
  commit: Type.String(),
  at: Time,
  outcome: Type.Union([Type.Literal("done"), Type.Literal("refused")]),
  message: Type.String(),
});
export type CarriedDecision = Static<typeof CarriedDecision>;

/** Times in which a worker was silent, kept as long as an open release may have to subtract them. */
export const WorkerSilences = record({
  silences: Type.Array(record({ from: Time, to: Time })),
  /** Operator's word that the region is excused until its worker is back. */
  excused: Type.Optional(record(Word)),
});
export type WorkerSilences = Static<typeof WorkerSilences>;
