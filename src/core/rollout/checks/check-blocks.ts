/** Checks as gates: of a site that is to be handed over, of a stage that is to open or to pass. */
import type { CelProgram } from "../../cel/cel-environment.ts";
import { isOfSite } from "../../checks/check-language.ts";
import type { Block } from "../block.ts";
import { type Board, wakeAt } from "../board.ts";
import type { Release } from "../records.ts";
import type { StageRun } from "../stage-run.ts";
import { releasesOf, type UnitSite } from "../units.ts";
import { firstUntrue, type UntrueCheck } from "./ask-checks.ts";
import { overallFacts, siteFacts } from "./check-facts.ts";
import { stageFacts } from "./stage-facts.ts";

/** The check `before` that keeps a site from being handed over. */
export function beforeBlock(run: StageRun, { parts }: UnitSite): Block | null {
  for (const { release, view, input } of parts) {
    const { checks, app, unknownBlocks } = release;
    if (checks === undefined || checks.before.length === 0) continue;
    const facts = joinedFacts(run, release, siteFacts(input, { app, view, unknownBlocks }));
    const untrue = firstUntrue(checks.before, facts, () => true);
    if (untrue !== null) return blockOf(run.board, untrue);
  }
  return null;
}

/** The check `before` that keeps a stage shut: of those that speak of no single site. */
export function openingBlock(run: StageRun): Block | null {
  return stageBlock(run, ({ checks }) => checks?.before);
}

/** The check `after` that keeps a stage from passing. */
export function passingBlock(run: StageRun): Block | null {
  return stageBlock(run, ({ checks }) => checks?.after);
}

function stageBlock(
  run: StageRun,
  pick: (release: Release) => readonly UntrueCheck["check"][] | undefined,
): Block | null {
  if (run.sites.length === 0) return null;
  const concerns = (program: CelProgram): boolean => !isOfSite(program);
  for (const release of releasesOf(run.board, run.unit)) {
    const checks = pick(release) ?? [];
    if (checks.length === 0) continue;
    const untrue = firstUntrue(checks, joinedFacts(run, release, {}), concerns);
    if (untrue !== null) return blockOf(run.board, untrue);
  }
  return null;
}

/** Facts whose values are worked out when they are asked for, which a spread would do at once. */
function joinedFacts(
  run: StageRun,
  { app }: Release,
  site: ReturnType<typeof siteFacts>,
): ReturnType<typeof siteFacts> {
  const facts = {};
  for (const part of [site, stageFacts(run), overallFacts(run.board.input, app)]) {
    Object.defineProperties(facts, Object.getOwnPropertyDescriptors(part));
  }
  return facts;
}

/** How often a check that speaks of time is asked again. */
const askAgainMs = 10_000;

/** A check that is waited for. */
export function blockOf(board: Board, { check, words }: UntrueCheck): Block {
  if (check.cel.includes("healthyForSeconds")) wakeAt(board, board.input.now + askAgainMs);
  const endsWhen = `\`${check.cel}\` is true, or a later commit changes the check`;
  return { code: "check", reason: words, endsWhen };
}
