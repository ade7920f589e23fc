/** What all steps of starting releases share: the working copy, the input, what was begun. */
import type { TreeId } from "../../render/rendered.ts";
import { type AppBoard, type Board, newBoard, setRelease } from "../board.ts";
import { grantedStrategy } from "../checks/release-checks.ts";
import { freezeStages } from "../freeze-stages.ts";
import { own } from "../own.ts";
import type { ResolvedStrategy, StartInput } from "../planner-types.ts";
import type { OpenListBudgets, Release, RemovalVerb } from "../records.ts";
import { releaseName } from "../release-names.ts";
import { isReachable } from "../site-view.ts";

export interface StartRun {
  readonly input: StartInput;
  readonly board: Board;
  readonly notes: string[];
  /** Apps whose version is known to be bad. */
  readonly refused: string[];
  /** Releases that this head begins: app and id. */
  readonly begun: { readonly app: string; readonly id: string }[];
}

/** A run with nothing decided. Apps that control does not know yet have an empty record. */
export function newStartRun(input: StartInput): StartRun {
  const known = input.control.apps;
  const apps = { ...known };
  for (const app of Object.keys(input.desired)) {
    apps[app] = own(known, app) ?? { current: { release: null, partial: [] }, open: [], bad: [] };
  }
  const board = newBoard({ ...input, control: { ...input.control, apps } });
  return { input, board, notes: [], refused: [], begun: [] };
}

/** The open candidate of an app. */
export function candidateOf(app: AppBoard): Release | undefined {
  return [...app.open.values()].find(({ kind }) => kind === "app");
}

export interface NewRelease {
  readonly kind: Release["kind"];
  readonly digest: string;
  readonly renderer: number;
  readonly list: ReadonlyMap<string, { readonly from: TreeId | null; readonly to: TreeId | null }>;
  readonly carried: Release["carried"];
  readonly verb?: RemovalVerb;
  /** It goes back to an older release. */
  readonly backTo?: NonNullable<Release["backTo"]>;
  /** Absent: those of the strategy. */
  readonly openList?: OpenListBudgets;
  readonly dependsOn?: readonly string[];
  /** Input digests that it replaces where they have come. */
  readonly replaced?: readonly string[];
}

/** Begins a release: freezes its list and stages. What it deletes is counted when all have begun. */
export function beginRelease(run: StartRun, app: AppBoard, made: NewRelease): Release {
  const { input, board } = run;
  const strategy = grantedStrategy(input, app.app);
  const sites = [...made.list.keys()].map((site) => ({
    site,
    region: input.headSites.get(site)?.region ?? "",
    labels: input.headSites.get(site)?.labels ?? {},
    reachable: isReachable(input, site, input.headSites.get(site)),
  }));
  const { stages, stageOf } = freezeStages({ strategy, app: app.app, sites });
  const list: Release["list"] = {};
  for (const [site, trees] of made.list) list[site] = { stage: own(stageOf, site) ?? 0, ...trees };
  const { kind, digest, renderer, carried } = made;
  const control = { current: app.current, open: [...app.open.values()], bad: app.bad };
  const { named, ...origin } = originOf(input, made);
  const id = releaseName({ kind: named, app: app.app, digest, head: input.head }, control);
  const release: Release = {
    id,
    app: app.app,
    kind,
    digest,
    renderer,
    budgetsFrom: own(input.grantedBy ?? {}, app.app) ?? input.previousHead ?? input.head,
    strategy: strategy.name,
    startedAt: board.at,
    minReadyMs: strategy.minReadyMs,
    progressDeadlineMs: strategy.progressDeadlineMs,
    unknownBlocks: strategy.unknownBlocks,
    ...rulesOf(strategy, made),
    stages: [...stages],
    list,
    deletions: { objects: 0 },
    handed: {},
    carried,
    failed: {},
    excused: {},
    opened: {},
    passed: {},
    openList: made.openList ?? openListBudgets(strategy),
    approvals: [],
    ...(made.replaced === undefined ? {} : { replaced: [...made.replaced] }),
    ...origin,
  };
  setRelease(board, release, `${id} begins: ${made.list.size} sites of ${app.app}`);
  run.begun.push({ app: app.app, id });
  run.notes.push(`${id} begins at ${made.list.size} sites`);
  return release;
}

/** What holds for some kinds of releases only: what goes back asks neither windows nor checks. */
function rulesOf(
  strategy: ResolvedStrategy,
  { kind, verb, dependsOn = [], backTo }: NewRelease,
): Pick<Release, "verb" | "dependsOn" | "windows" | "ifUrgent" | "rollback" | "checks"> {
  const { rollback, checks } = strategy;
  if (backTo !== undefined) return rollback === null ? {} : { rollback };
  if (kind === "removal") {
    return {
      ...windowsOf(strategy),
      ...urgentOf(strategy),
      ...(verb === undefined ? {} : { verb }),
      ...(dependsOn.length === 0 ? {} : { dependsOn: [...dependsOn] }),
    };
  }
  return {
    ...windowsOf(strategy),
    ...urgentOf(strategy),
    ...(rollback === null ? {} : { rollback }),
    ...(checks === undefined ? {} : { checks }),
  };
}

/** What started it: the head, or an operator's word, which renders nothing new. */
function originOf(
  { head }: StartInput,
  { kind, backTo }: NewRelease,
): Pick<Release, "source" | "backTo"> & { named: Release["kind"] | "back" } {
  if (backTo === undefined) return { named: kind, source: head };
  return { named: "back", source: backTo.release.source, backTo };
}

/** The budgets of an app's open list: those of the strategy's last stage. */
export function openListBudgets(strategy: ResolvedStrategy): OpenListBudgets {
  const last = strategy.stages.at(-1);
  return {
    failureBudget: { ...(last?.failureBudget ?? { count: 0 }) },
    maxInFlight: { ...(last?.maxInFlight ?? { count: 0 }) },
    maxUnavailable: { ...(last?.maxUnavailable ?? { count: 0 }) },
    minReadyMs: strategy.minReadyMs,
    progressDeadlineMs: strategy.progressDeadlineMs,
    unknownBlocks: strategy.unknownBlocks,
    ...(strategy.checks === undefined ? {} : { checks: strategy.checks }),
    ...windowsOf(strategy),
  };
}

/** The windows of a strategy as records hold them. */
export function windowsOf({ windows }: ResolvedStrategy): { windows?: string[] } {
  return windows === undefined ? {} : { windows: [...windows] };
}

/** What its strategy lets an urgent release do, as records hold it. */
export function urgentOf({ urgent }: ResolvedStrategy): Pick<Release, "ifUrgent"> {
  return urgent === undefined ? {} : { ifUrgent: urgent };
}
