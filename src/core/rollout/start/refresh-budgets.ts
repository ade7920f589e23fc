import { canonicalJson } from "../../model/json.ts";
import { type AppBoard, setRelease } from "../board.ts";
import type { ResolvedStage, ResolvedStrategy } from "../planner-types.ts";
import type { FrozenStage, Release } from "../records.ts";
import { stageBudgets, stageSizes } from "../stage-budgets.ts";
import { withUrgency } from "../urgent.ts";
import { openListBudgets, type StartRun, urgentOf, windowsOf } from "./start-run.ts";

/**
 * A release's budgets are those of the newest followed head other than the one that started it: releases under way
 * take the numbers and checks of the new head, stage by stage by name. Which sites are in which stage stays as it was frozen.
 */
export function refreshBudgets({ input, board, begun }: StartRun, app: AppBoard): void {
  const strategy = input.newestStrategyOf?.(app.app);
  if (strategy === undefined) return;
  for (const release of app.open.values()) {
    const isNew = release.source === input.head || begun.some(({ id }) => id === release.id);
    if (isNew || release.backTo !== undefined) continue;
    const next = withNumbers(release, strategy, input.head);
    if (
      canonicalJson({ ...next, budgetsFrom: "" }) === canonicalJson({ ...release, budgetsFrom: "" })
    ) {
      continue;
    }
    setRelease(board, next, `${release.id} goes on with the budgets of ${input.head}`);
  }
}

/** The strategy's stage of that name, and those for which it stands beside: an approval of any of them is wanted. */
function strategyStages(
  { stages }: ResolvedStrategy,
  { name, of, covers = [] }: FrozenStage,
): readonly ResolvedStage[] {
  const names = [of ?? name, ...covers];
  return names.flatMap((known) => stages.filter((stage) => stage.name === known));
}

function withNumbers(release: Release, strategy: ResolvedStrategy, head: string): Release {
  const sizes = stageSizes(release);
  const stages = release.stages.map((stage, index): FrozenStage => {
    const [found, ...others] = strategyStages(strategy, stage);
    if (found === undefined) return stage;
    const { promotion: _, percent: __, ...rest } = stage;
    return {
      ...rest,
      approval: [found, ...others].some(({ approval }) => approval),
      ...(found.promotion === undefined ? {} : { promotion: found.promotion }),
      soakMs: found.soakMs,
      ...stageBudgets(found, sizes[index] ?? 0),
    };
  });
  const { minReadyMs, progressDeadlineMs, unknownBlocks, rollback, checks } = strategy;
  const numbers = {
    stages,
    minReadyMs,
    progressDeadlineMs,
    unknownBlocks,
    budgetsFrom: head,
    // Once it is current: what the new head closes stays closed then.
    ...(release.openList === undefined ? {} : { openList: openListBudgets(strategy) }),
  };
  const { rollback: _, checks: __, windows: ___, ifUrgent: ____, ...rest } = release;
  const all = withUrgency({ ...rest, ...numbers, ...windowsOf(strategy), ...urgentOf(strategy) });
  if (release.kind === "removal") return all;
  const scope = rollback === null ? {} : { rollback };
  return { ...all, ...scope, ...(checks === undefined ? {} : { checks }) };
}
