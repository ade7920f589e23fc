/** What became of releases: those that are open, and those that have closed, which control no longer has. */
import type { ControlChange, PlannerInput, StageProgress } from "../rollout/planner-types.ts";
import { changedReleases } from "../rollout/changed-releases.ts";
import { progressOf } from "../rollout/progress.ts";
import type { FrozenStage, Release } from "../rollout/records.ts";
import type { UnitMemory } from "../rollout/unit-memory.ts";

/** A stage of a release, with its times since the head began to be followed; null: it did not come to that. */
export interface ToldStage {
  readonly app: string;
  readonly release: string;
  readonly kind: Release["kind"];
  readonly strategy: string;
  readonly stage: string;
  readonly by: string;
  readonly sites: number;
  readonly soakMs: number;
  readonly failureBudget: number;
  readonly maxInFlight: number;
  readonly openedMs: number | null;
  /** When no site of it waited or was in flight any more. */
  readonly settledMs: number | null;
  readonly passedMs: number | null;
  /** When more had failed than may: nothing more was handed over. */
  readonly stoppedMs: number | null;
}

/** Sites by column, over all releases. */
export interface Counts {
  readonly waiting: number;
  readonly inFlight: number;
  readonly done: number;
  readonly failed: number;
  readonly excused: number;
}

/** A look at the fleet, with what its plan has worked out. */
export interface Seen {
  readonly input: PlannerInput;
  readonly memory: UnitMemory;
}

interface Told {
  release: Release;
  closedAt: number | null;
  columns: readonly StageProgress[];
  readonly settledAt: Map<string, number>;
  readonly stoppedAt: Map<string, number>;
}

export class ReleaseStory {
  readonly #from: number;
  readonly #told = new Map<string, Told>();
  #opened: { release: string; stage: string }[] = [];

  /** Times are told as of `from`. */
  constructor(from: number) {
    this.#from = from;
  }

  /** Takes in what a plan changes, with the input that it was made of. */
  note(seen: Seen, changes: readonly ControlChange[]): void {
    const { input } = seen;
    for (const { open } of Object.values(input.control.apps))
      for (const each of open) this.#keep(each);
    const closed = changes.flatMap(({ path, record }) =>
      record === null ? (this.#openAt(path) ?? []) : [],
    );
    // Its columns as they were at its end: after that control has nothing to count any more.
    if (closed.length > 0) this.counts(seen);
    for (const told of closed) told.closedAt = input.now;
    for (const release of changedReleases(changes)) this.#keep(release);
  }

  /** Stages that opened since this was asked last. */
  newlyOpened(): readonly { release: string; stage: string }[] {
    const opened = this.#opened;
    this.#opened = [];
    return opened;
  }

  /** Where the sites of all releases stand; what has closed stands as it did at its end. */
  counts({ input, memory }: Seen): Counts {
    for (const { release, stages } of progressOf(input, memory)) {
      const told = this.#told.get(release.id);
      if (told !== undefined) this.#update(told, stages, input.now);
    }
    const sum = { waiting: 0, inFlight: 0, done: 0, failed: 0, excused: 0 };
    for (const { columns } of this.#told.values()) {
      for (const stage of columns) {
        sum.waiting += stage.waiting;
        sum.inFlight += stage.inFlight;
        sum.done += stage.done;
        sum.failed += stage.failed;
        sum.excused += stage.excused + stage.unchanged;
      }
    }
    return sum;
  }

  stages(): readonly ToldStage[] {
    return [...this.#told.values()].flatMap((told) =>
      told.release.stages.map((stage) => this.#stageOf(told, stage)),
    );
  }

  #openAt(path: string): Told | undefined {
    const id = /^apps\/[^/]+\/open\/(?<id>[^/]+)\.json$/.exec(path)?.groups?.["id"];
    return id === undefined ? undefined : this.#told.get(id);
  }

  #keep(release: Release): void {
    const known = this.#told.get(release.id);
    for (const stage of Object.keys(release.opened)) {
      if (known !== undefined && Object.hasOwn(known.release.opened, stage)) continue;
      this.#opened.push({ release: release.id, stage });
    }
    if (known !== undefined) known.release = release;
    else {
      const told = {
        release,
        closedAt: null,
        columns: [],
        settledAt: new Map<string, number>(),
        stoppedAt: new Map<string, number>(),
      };
      this.#told.set(release.id, told);
    }
  }

  #update(told: Told, stages: readonly StageProgress[], now: number): void {
    told.columns = stages;
    for (const { name, opened, waiting, inFlight, failed, failureBudget } of stages) {
      if (!opened || waiting + inFlight > 0) told.settledAt.delete(name);
      else if (!told.settledAt.has(name)) told.settledAt.set(name, now);
      if (failed > failureBudget && !told.stoppedAt.has(name)) told.stoppedAt.set(name, now);
    }
  }

  #stageOf({ release, columns, closedAt, ...told }: Told, stage: FrozenStage): ToldStage {
    const { app, id, kind, strategy } = release;
    const { name, by, soakMs, failureBudget, maxInFlight } = stage;
    const since = (at: number | null): number | null => (at === null ? null : at - this.#from);
    // A release that closes passes its last stage in the same moment, and has no record of that.
    const recorded = (times: Readonly<Record<string, string>>): number | null =>
      since(Object.hasOwn(times, name) ? Date.parse(times[name] ?? "") : closedAt);
    return {
      app,
      release: id,
      kind,
      strategy,
      stage: name,
      by,
      sites: columns.find((each) => each.name === name)?.sites ?? 0,
      soakMs,
      failureBudget,
      maxInFlight,
      openedMs: recorded(release.opened),
      settledMs: since(told.settledAt.get(name) ?? null),
      passedMs: recorded(release.passed),
      stoppedMs: since(told.stoppedAt.get(name) ?? null),
    };
  }
}
