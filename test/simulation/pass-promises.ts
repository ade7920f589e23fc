/** What a pass may plan, whatever it was told: windows, order and holds are those that the story's own commits declare. */
import assert from "node:assert/strict";
import { isSameJson, type Json } from "../../src/core/model/json.ts";
import type { Pass } from "../../src/controller/reconcile.ts";
import { isStageApproved, isStagePromoted, removalVerb } from "../../src/core/rollout/approvals.ts";
import type {
  ControlState,
  PlannerInput,
  RolloutPlan,
} from "../../src/core/rollout/planner-types.ts";
import { progressOf } from "../../src/core/rollout/progress.ts";
import type { Release, RemovalVerb } from "../../src/core/rollout/records.ts";
import { applyChanges } from "../support/control-state.ts";
import { checkPlan } from "../support/planner-invariants.ts";
import { dependenciesOf, windowRulesOf } from "./fleet-files.ts";
import { appsAt, type StoryApp, type StoryHead } from "./fleet-story.ts";
import { FollowedHeads } from "./followed-heads.ts";
import type { Repository } from "./repository.ts";

/** Looks at one pass after the other. */
export class PassAuditor {
  readonly #repository: Repository;
  /** The commit that says what becomes of an app's objects where it leaves, as of the pass before. */
  #deciding: Readonly<Record<string, string>> = {};
  /** The head that was followed then. */
  #followed = "";
  /** Removals that were open then: their verb was looked at when they were new. */
  #removals: ReadonlySet<string> = new Set();
  /** The strictest word by which an app has left somewhere since a followed head had it. */
  readonly #words = new Map<string, RemovalVerb>();
  /** Of the newest leader whose pass was looked at. */
  #epoch = 0;
  #wasLost = false;
  #heads = new FollowedHeads();

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** A pass kept to the budgets, gates and holds, and its columns add up. */
  check({ input, plan, control }: Pass): void {
    if (input === null || plan === null) return;
    const followed = this.#repository.at(input.control.head?.commit ?? "");
    checkPlan(asDeclared(input, followed), plan);
    checkHolds(input, followed);
    this.#checkLeaving(input);
    checkStages(input, plan);
    checkCoverage(input);
    if (!this.#wasLost) checkKnown(plan);
    // One that was overtaken in its pass tells of it late: others have gone on since.
    if (control.state.epoch < this.#epoch) return;
    this.#epoch = control.state.epoch;
    this.#checkVerbs(input);
    this.#noteWords(input.control, followed);
    this.#deciding = decidingCommits(control.state);
    this.#followed = control.state.head?.commit ?? "";
    this.#removals = openRemovals(control.state);
  }

  /**
   * A removal does what the head before says, where that has the app as the commit of its current release (else of its
   * newest candidate) does; where they differ in more than the verb, the stricter of both.
   */
  #checkVerbs(input: PlannerInput): void {
    const { head, apps } = input.control;
    this.#checkOlderRemovals(input);
    for (const [app, { open }] of Object.entries(apps)) {
      const source = this.#deciding[app];
      const removal = open.find(({ kind, id }) => kind === "removal" && !this.#removals.has(id));
      if (removal === undefined) continue;
      if (source === undefined) {
        const commits = [this.#followed, head?.commit ?? ""].filter((commit) => commit !== "");
        const heads = commits.map((commit) => this.#repository.at(commit));
        if (!heads.some((each) => each.apps[app] !== undefined)) this.#checkReturned(removal);
        continue;
      }
      const verb = expectedVerb(app, {
        followed: this.#repository.at(this.#followed),
        skipped: this.#repository
          .between(this.#followed, head?.commit ?? "")
          .map((commit) => this.#repository.at(commit)),
        current: this.#repository.at(source),
      });
      assert.equal(removal.verb, verb, `${removal.id} is to ${removal.verb}`);
    }
  }

  /** Of an app that nobody has any more: at a site that is back it leaves by no laxer word than at the others. */
  #checkReturned(removal: Release): void {
    const said = [removal.verb ?? "delete", this.#words.get(removal.app) ?? "delete"];
    assert.equal(removal.verb, strictestOf(said), `${removal.id} is to ${removal.verb}`);
  }

  #noteWords({ apps }: ControlState, followed: StoryHead): void {
    for (const app of Object.keys(followed.apps)) this.#words.delete(app);
    for (const [app, { open }] of Object.entries(apps)) {
      const removals = open.filter(({ kind }) => kind === "removal");
      if (removals.length === 0 || followed.apps[app] !== undefined) continue;
      const verbs = removals.map(({ verb = "delete" }) => verb);
      this.#words.set(app, strictestOf([this.#words.get(app) ?? "delete", ...verbs]));
    }
  }

  /** A removal from before has carried out all that it may where a commit that no pass followed had the app, and says less. */
  #checkOlderRemovals({ control: { head, apps }, mirrors }: PlannerInput): void {
    const skipped = this.#repository
      .between(this.#followed, head?.commit ?? "")
      .map((commit) => this.#repository.at(commit));
    for (const [app, { open }] of Object.entries(apps)) {
      for (const release of open) {
        if (release.kind !== "removal" || !this.#removals.has(release.id)) continue;
        const verb = removalVerb(release);
        const left = Object.keys(release.list).filter((site) => {
          const entry = mirrors[site]?.[app];
          const back = skipped.filter((each) => appsAt(each, site).includes(app));
          const said = back.flatMap((each) => verbIn(each.apps[app]));
          const isStricter = strictestOf([verb, ...said]) !== verb;
          return isStricter && entry !== undefined && !(site in (release.left ?? {}));
        });
        assert.deepEqual(left, [], `${release.id} is to ${verb} what is to be kept since`);
      }
    }
  }

  /**
   * A site leaves with what it has only where the head before the one that has it no longer says so, as long as no later
   * one has it; and by no word from before control was lost.
   */
  #checkLeaving({ control: { head, sites }, controlLost, awaitsHead }: PlannerInput): void {
    if (head === null) return;
    const isLost = controlLost !== undefined || awaitsHead !== undefined;
    if (isLost) this.#heads = new FollowedHeads({ ofLostControl: true });
    this.#heads.follow(head);
    for (const [site, { leaving }] of Object.entries(sites)) {
      if (leaving === undefined) continue;
      const hasSite = (commit: string): boolean =>
        this.#repository.at(commit).sites[site] !== undefined;
      if (hasSite(head.commit)) continue; // it is on its way back
      const since = this.#heads.since(leaving.head);
      assert.ok(
        since !== "lost",
        `the apps of ${site} leave it by a word from before control was lost`,
      );
      const tookBack = (commit: string): boolean => {
        const { sites: declared, decommission } = this.#repository.at(commit);
        return declared[site] !== undefined && decommission !== "delete";
      };
      const skipped = this.#repository
        .between(leaving.head, head.commit)
        .filter((commit) => !since.includes(commit));
      assert.ok(
        !since.some(hasSite) && !skipped.some(tookBack),
        `the apps of ${site} leave it by the word of an earlier stay`,
      );
      if (leaving.head === head.commit) this.#checkBegun(site, head);
    }
  }

  #checkBegun(
    site: string,
    { commit, previous = "" }: { readonly commit: string; readonly previous?: string },
  ): void {
    const between = this.#repository.between(previous, commit);
    const [before, ...skipped] = [previous, ...between].map((each) => this.#repository.at(each));
    const says = ({ decommission, sites }: StoryHead): boolean =>
      sites[site] === undefined || decommission === "delete";
    const isSaid = before?.sites[site] !== undefined && [before, ...skipped].every(says);
    assert.ok(isSaid, `the apps of ${site} leave it, and nobody has said so`);
  }

  /** Control is not what it was. */
  forget(): void {
    this.#deciding = {};
    this.#removals = new Set();
    this.#words.clear();
    this.#epoch = 0;
    this.#wasLost = true;
    this.#heads = new FollowedHeads();
  }
}

interface Words {
  readonly followed: StoryHead;
  /** What was committed after it and before the head by which the app leaves. */
  readonly skipped: readonly StoryHead[];
  /** Of the app's current release. */
  readonly current: StoryHead;
}

/** What becomes of an app that leaves by a head, by those before and the commit of the app's current release. */
function expectedVerb(app: string, { followed, skipped, current }: Words): RemovalVerb {
  const isCurrent = isSameJson(contentOf(followed, app), contentOf(current, app));
  const counting =
    isCurrent && followed.apps[app] !== undefined
      ? [followed, ...skipped]
      : [followed, current, ...skipped];
  return strictestOf(counting.flatMap(({ apps }) => verbIn(apps[app])));
}

function strictestOf(verbs: readonly RemovalVerb[]): RemovalVerb {
  if (verbs.includes("hold")) return "hold";
  return verbs.includes("orphan") ? "orphan" : "delete";
}

function verbIn(app: StoryApp | undefined): RemovalVerb[] {
  return app === undefined ? [] : [app.onRemoval ?? "delete"];
}

/** What decides what an app renders to. */
function contentOf({ apps, sharer }: StoryHead, app: string): Json {
  const {
    onRemoval: _verb,
    drift: _drift,
    checks: _checks,
    isCalm: _calm,
    isAtomic: _atomic,
    ...rest
  } = apps[app] ?? {};
  return { ...rest, sharer: sharer === app } as Json; // plain data
}

/** Only with control can it be lost what is to become of an app. */
function checkKnown({ waits }: RolloutPlan): void {
  const unknown = waits.find(({ code }) => code === "unknown-app");
  assert.equal(unknown, undefined, unknown?.reason);
}

function openRemovals({ apps }: ControlState): ReadonlySet<string> {
  const removals = Object.values(apps).flatMap(({ open }) =>
    open.flatMap(({ kind, id }) => (kind === "removal" ? id : [])),
  );
  return new Set(removals);
}

function decidingCommits({ apps }: ControlState): Record<string, string> {
  const known = Object.entries(apps).flatMap(([app, { current, open }]) => {
    const released = current.release ?? current.partial.at(-1)?.release;
    const ref = released ?? open.findLast(({ kind }) => kind === "app");
    return ref === undefined ? [] : [[app, ref.source] as const];
  });
  return Object.fromEntries(known);
}

/** The planner's input, with what it was told of the followed commit replaced by what that commit is known to say. */
function asDeclared(input: PlannerInput, followed: StoryHead): PlannerInput {
  const budgets = { ...input.budgets, windows: windowRulesOf(followed) };
  return { ...input, budgets, dependsOn: dependenciesOf(followed) };
}

/** What the followed commit declares to be held is held. */
function checkHolds({ control }: PlannerInput, { decisions = {} }: StoryHead): void {
  const held = new Set(control.holds.map(({ declared }) => declared?.decision));
  for (const [name, { hold }] of Object.entries(decisions)) {
    assert.ok(hold === undefined || held.has(name), `the Decision ${name} does not hold`);
  }
}

/** No stage opens that waits for an approval and had none, and none passes that waits for people to promote it. */
function checkStages(input: PlannerInput, plan: RolloutPlan): void {
  if (plan.changes.length === 0) return; // nothing opens or passes by it
  const after = applyChanges(input.control, plan.changes);
  for (const release of Object.values(after.apps).flatMap(({ open }) => open)) {
    const before = input.control.apps[release.app]?.open.find(({ id }) => id === release.id);
    const filled = new Set(Object.values(release.list).map((entry) => entry.stage));
    const stages = release.stages.filter((_, index) => filled.has(index));
    for (const stage of stages) {
      if (hasBegun("opened", stage.name, { before, release })) checkOpening(release, stage);
      if (hasBegun("passed", stage.name, { before, release })) checkPassing(release, stage);
    }
  }
}

type Stage = Release["stages"][number];

function checkOpening(release: Release, { name, approval }: Stage): void {
  assert.ok(!approval || isStageApproved(release, name), `${release.id} opens ${name}`);
}

function checkPassing(release: Release, { name, promotion }: Stage): void {
  const isFree = promotion !== "manual" || isStagePromoted(release, name);
  assert.ok(isFree, `${release.id} passes ${name}`);
}

/** A stage opens or passes by this very plan. */
function hasBegun(
  what: "opened" | "passed",
  stage: string,
  { before, release }: { readonly before: Release | undefined; readonly release: Release },
): boolean {
  return stage in release[what] && !(before !== undefined && stage in before[what]);
}

function checkCoverage(input: PlannerInput): void {
  for (const { app, stages } of progressOf(input)) {
    for (const { name, sites, ...columns } of stages) {
      const { done, inFlight, waiting, failed, unchanged, excused } = columns;
      const sum = done + inFlight + waiting + failed + unchanged + excused;
      assert.equal(sum, sites, `the columns of ${app}, stage ${name}`);
    }
  }
}
