/**
 * What being urgent means for a release, as its strategy has declared it before: fewer stages, shorter soaks and
 * `minReady`, no windows. Budgets, deadlines, approvals, checks, holds and silence stay what they are.
 */
import type { FrozenStage, Release } from "./records.ts";
import { budgetsFor, stageSizes, withBudgets } from "./stage-budgets.ts";
import { covering } from "./stage-names.ts";

type Numbers = Pick<Release, "minReadyMs" | "stages" | "urgent" | "ifUrgent">;

/** The release with the numbers that it has now: shorter ones, and never longer, where somebody called it urgent. */
export function withUrgency<T extends Numbers>(release: T): T {
  const { urgent, ifUrgent } = release;
  if (urgent === undefined || ifUrgent === undefined) return release;
  const { soakMs = Infinity, minReadyMs = Infinity } = ifUrgent;
  const stages = release.stages.map((stage) => ({
    ...stage,
    soakMs: Math.min(stage.soakMs, soakMs),
  }));
  return { ...release, stages, minReadyMs: Math.min(release.minReadyMs, minReadyMs) };
}

/** It goes on outside of windows and in freezes. */
export function ignoresWindows({ urgent, ifUrgent }: Release): boolean {
  return urgent !== undefined && ifUrgent?.ignoresWindows === true;
}

/**
 * The release with the stages that an urgent one keeps, those that have opened already, and those that wait for a person.
 * The sites of the others go in the next stage that is kept, by its numbers for so many sites; the last one always is. What holds one of the
 * others holds that one.
 */
export function foldStages(release: Release): Release {
  const keep = release.ifUrgent?.stages;
  if (keep === undefined) return release;
  const { stages, opened } = release;
  const isKept = (stage: FrozenStage, index: number): boolean =>
    index === stages.length - 1 ||
    Object.hasOwn(opened, stage.name) ||
    keep.includes(stage.of ?? stage.name) ||
    waitsForPerson(stage);
  const kept = stages.filter(isKept);
  if (kept.length === stages.length) return release;
  const target = stages.map((_, index) => {
    const next = stages.findIndex((stage, at) => at >= index && isKept(stage, at));
    return kept.findIndex((stage) => stage === stages[next]);
  });
  const list: Release["list"] = {};
  for (const [site, entry] of Object.entries(release.list)) {
    list[site] = { ...entry, stage: target[entry.stage] ?? entry.stage };
  }
  const sizes = stageSizes({ stages: kept, list });
  const folded = kept.map((stage, index) => {
    const added = stages.filter((other, at) => target[at] === index && other !== stage);
    if (added.length === 0) return stage;
    const by = `${stage.by}; urgent: with ${added.map(({ name }) => name).join(", ")}`;
    const sized = withBudgets(stage, budgetsFor(stage, sizes[index] ?? 0));
    return covering({ ...sized, by }, added);
  });
  return { ...release, stages: folded, list };
}

/** It opens, or lets the release go on, by a person's word alone: that is not what urgency spares. */
function waitsForPerson({ approval, promotion }: FrozenStage): boolean {
  return approval || promotion === "manual";
}

/** `urgent, says ada: the tills are down`. */
export function urgencyInWords({ by, why }: NonNullable<Release["urgent"]>): string {
  return `urgent, says ${by}: ${why}`;
}
