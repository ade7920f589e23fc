/**
 * What the releases of a change will wait for beside budgets and soaks: windows, holds, what they depend on, and checks.
 * It asks the planner: of each stage in turn, as if the stages before it had passed and it had room for all its sites.
 * Checks that count sites are told without being asked.
 */
import { countsSites, compileCheck } from "../checks/check-language.ts";
import { groupWaits } from "../rollout/group-waits.ts";
import { planRollout } from "../rollout/plan-rollout.ts";
import type { AppControl, ControlChange, StartInput, Wait } from "../rollout/planner-types.ts";
import type { FrozenStage, Release, ReleaseCheck, ReleaseChecks } from "../rollout/records.ts";
import {
  fleetAtStart,
  plannerInput,
  type SimulatedWorld,
  simulatedWorld,
} from "../simulate/simulated-fleet.ts";
import { withBudgets } from "../rollout/stage-budgets.ts";
import type { PlannedWait } from "./fleet-plan.ts";

/** By app and reason; none where nothing of all that is declared. `changes`: how the releases begin. */
export function plannedWaits(
  start: StartInput,
  changes: readonly ControlChange[],
): readonly PlannedWait[] {
  const world = withoutStandIns(simulatedWorld(start, 0));
  const fleet = fleetAtStart(world, changes);
  const { apps } = fleet.control;
  const releases = Object.values(apps).flatMap(({ open }) => open);
  const asked = [...askedOf(start, releases)];
  const count = Math.max(1, ...releases.map(({ stages }) => stages.length));
  const waits = Array.from({ length: count }, (_, index) =>
    asked.flatMap(({ codes, room }) => {
      const control = { ...fleet.control, apps: atStage(apps, { index, room, now: start.now }) };
      const plan = planRollout(plannerInput(world, { ...fleet, control }));
      // What comes by the open list has no stage: it is told once.
      return plan.waits.filter(
        ({ code, release }) => codes.has(code) && (release !== null || index === 0),
      );
    }),
  );
  return [...toldWaits(waits.flat()), ...releases.flatMap(countingWaits)];
}

/** Checks that count sites: what they will say only the rollout shows, but that it waits for them is certain. */
function countingWaits({ app, id, checks, list }: Release): readonly PlannedWait[] {
  const told = ({ name, cel, message }: ReleaseCheck, when: string): PlannedWait => ({
    app,
    release: id,
    code: "check",
    reason: `check ${name} counts sites, and ${when}${message === undefined ? "" : `: ${message}`}`,
    endsWhen: `\`${cel}\` is true`,
    sites: Object.keys(list).toSorted(),
  });
  const { before = [], after = [] } = checks ?? {};
  return [
    ...before
      .filter(isCounting)
      .map((check) => told(check, "each stage hands over only while it is true")),
    ...after
      .filter(isCounting)
      .map((check) => told(check, "each stage passes only when it is true")),
  ];
}

function isCounting({ cel }: ReleaseCheck): boolean {
  const compiled = compileCheck(cel);
  return compiled.ok && countsSites(compiled.program);
}

interface Asked {
  readonly codes: ReadonlySet<Wait["code"]>;
  /** Sites that may be handed over at once. */
  readonly room: number;
}

/** With no room, nothing gets ahead of what depends on it; but checks are asked only where there is some. */
function* askedOf(
  { budgets, control, headSites, dependsOn = {} }: StartInput,
  releases: readonly Release[],
): Generator<Asked> {
  const isOrdered = Object.values(dependsOn).some((names) => names.length > 0);
  if (hasWindows(budgets) || control.holds.length > 0 || isOrdered) {
    yield { codes: new Set(["window", "held", "dependency"]), room: 0 };
  }
  if ([...headSites.values()].some(({ suspend }) => suspend)) {
    yield { codes: new Set(["suspended"]), room: Number.MAX_SAFE_INTEGER };
  }
  if (releases.some(({ checks }) => (knowable(checks)?.before.length ?? 0) > 0)) {
    yield { codes: new Set(["check"]), room: Number.MAX_SAFE_INTEGER };
  }
}

/** Whether a plan depends on its time. */
export function hasWindows({ windows = [] }: StartInput["budgets"]): boolean {
  return windows.length > 0;
}

/** Nothing counts as healthy before: so no budget, and no failure domain, hides what else a site would wait for. */
function withoutStandIns(world: SimulatedWorld): SimulatedWorld {
  const sites = Object.entries(world.untouched).map(([site, { apps, ...rest }]) => {
    const joining = Object.entries(apps).map(([app, seen]) => [
      app,
      { ...seen, everHealthy: false },
    ]);
    return [site, { ...rest, apps: Object.fromEntries(joining) }];
  });
  return { ...world, untouched: Object.fromEntries(sites) as SimulatedWorld["untouched"] };
}

interface Turn {
  /** Of the stage whose turn it is. */
  readonly index: number;
  readonly room: number;
  readonly now: number;
}

function atStage(
  apps: Readonly<Record<string, AppControl>>,
  turn: Turn,
): Record<string, AppControl> {
  return Object.fromEntries(
    Object.entries(apps).map(([app, control]) => [
      app,
      { ...control, open: control.open.map((release) => releaseAt(release, turn)) },
    ]),
  );
}

function releaseAt(release: Release, { index, room, now }: Turn): Release {
  const at = new Date(now).toISOString();
  const times = (stages: readonly FrozenStage[]): Record<string, string> =>
    Object.fromEntries(stages.map(({ name }) => [name, at]));
  const { checks: _, stages, ...rest } = release;
  const checks = knowable(release.checks);
  const rooms = { maxInFlight: room, maxUnavailable: room };
  return {
    ...rest,
    stages: stages.map((stage) =>
      withBudgets(stage, { failureBudget: stage.failureBudget, ...rooms }),
    ),
    opened: times(stages.slice(0, index + 1)),
    passed: times(stages.slice(0, index)),
    ...(checks === undefined ? {} : { checks }),
  };
}

/** Checks of what the two revisions say, and of a fleet in health: not of counts, nor of what clusters tell. */
function knowable(checks: ReleaseChecks | undefined): ReleaseChecks | undefined {
  if (checks === undefined) return undefined;
  const before = checks.before.filter(
    (check) =>
      compileCheck(check.cel).ok && !isCounting(check) && !check.cel.includes("kubernetesVersion"),
  );
  return { before, after: [] };
}

function toldWaits(waits: readonly Wait[]): readonly PlannedWait[] {
  const groups = groupWaits(waits.map((wait) => ({ ...wait, stage: null })));
  return groups.map(({ app, release, code, reason, endsWhen, sites }) => ({
    app,
    release,
    code,
    reason,
    endsWhen,
    sites: [...new Set(sites)].toSorted(),
  }));
}
