/** An operator's word that a release goes on past what its stage waits for: approval, soak, promotion by hand. Nothing else. */
import { approvalDigest, isStageApproved, isStagePromoted } from "./approvals.ts";
import {
  conflict,
  type DecisionResult,
  done,
  missing,
  noRelease,
  type Of,
  releaseChange,
  releaseMeant,
  stageOf,
  type Word,
} from "./decision-result.ts";
import { nextInWords, togetherInWords } from "./moves-with.ts";
import type { ControlState } from "./planner-types.ts";
import type { Approval, FrozenStage, Release } from "./records.ts";
import { whyBack } from "./rollback/back-words.ts";

/** Promotes the stage at which the release is. Budgets, silence, deletions, checks and holds stay what they are. */
export function promote(
  control: ControlState,
  decision: Of<"promote">,
  { by, at, dependsOn }: Word,
): DecisionResult {
  const release = releaseMeant(control, decision);
  if (release === undefined) return noRelease(control, decision.app);
  const stage = release.stages.find(({ name }) => !Object.hasOwn(release.passed, name));
  const refusal = refusalOf(release, stage, decision.stage);
  if (refusal !== undefined || stage === undefined) {
    return refusal ?? conflict(`${release.id} has passed its stages`, "there is nothing to do");
  }
  const isOpen = Object.hasOwn(release.opened, stage.name);
  const what: Approval["what"] = isOpen ? "promotion" : "stage";
  const approval: Approval = {
    what,
    value: stage.name,
    digest: approvalDigest(release),
    by,
    at,
    why: decision.why,
  };
  const words = isOpen
    ? `promoted stage ${stage.name} of ${release.id}: it goes on when its sites have settled`
    : `promoted ${release.id} to stage ${stage.name}: it opens`;
  const together = togetherInWords(control, release, {
    lacks: (other) =>
      (isOpen ? openRefusal(other, stage) : shutRefusal(other, stage)) === undefined,
    word: isOpen ? "promoted" : "approved",
  });
  const sites = Object.keys(release.list).filter((site) => stageOf(release, site) === stage.name);
  const after = isOpen ? "" : nextInWords(control, release, { sites, dependsOn });
  const next = { ...release, approvals: [...release.approvals, approval] };
  return done([releaseChange(next, `${by}: ${words}: ${decision.why}`)], words + together + after);
}

function refusalOf(
  release: Release,
  at: FrozenStage | undefined,
  named: string | undefined,
): DecisionResult | undefined {
  const { id, stages, goingBack } = release;
  if (goingBack !== undefined) {
    return conflict(`${id} goes back: ${whyBack(release)}`, "commit a fix, or retry it");
  }
  const names = stages.map(({ name }) => name);
  if (named !== undefined && !names.includes(named)) {
    return missing(`${id} has no stage ${named}`, `its stages: ${names.join(", ")}`);
  }
  if (at === undefined) return undefined;
  if (named !== undefined && named !== at.name) {
    return conflict(`${id} is not at stage ${named}`, `it is at stage ${at.name}`);
  }
  return Object.hasOwn(release.opened, at.name)
    ? openRefusal(release, at)
    : shutRefusal(release, at);
}

function openRefusal(release: Release, { name }: FrozenStage): DecisionResult | undefined {
  if (!isStagePromoted(release, name)) return undefined;
  return conflict(`stage ${name} of ${release.id} is promoted already`, "see flotilla status");
}

function shutRefusal(
  release: Release,
  { name, approval }: FrozenStage,
): DecisionResult | undefined {
  if (approval && !isStageApproved(release, name)) return undefined;
  const hint = "see flotilla status for what it waits for";
  return conflict(`stage ${name} of ${release.id} waits for nothing that a promotion ends`, hint);
}
