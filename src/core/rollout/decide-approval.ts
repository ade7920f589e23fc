import { approvalDigest, areDeletionsApproved, isStageApproved, removalVerb } from "./approvals.ts";
import { openListName, waitingLosses } from "./arrival-losses.ts";
import { controlPaths } from "./control-files.ts";
import {
  conflict,
  type DecisionResult,
  done,
  findRelease,
  missing,
  noRelease,
  type Of,
  refuse,
  releaseChange,
  stageOf,
  type Word,
} from "./decision-result.ts";
import { nextInWords } from "./moves-with.ts";
import { own } from "./own.ts";
import type { ControlState } from "./planner-types.ts";
import type { Approval, Release } from "./records.ts";
import { countOf } from "./words.ts";

/** Approves a stage, a number of deletions or a removal verb of one release. */
export function approve(
  control: ControlState,
  decision: Of<"approve">,
  word: Word,
): DecisionResult {
  if (decision.release === openListName) return approveOpenList(control, decision, word);
  const release = findRelease(control, decision);
  if (release === undefined) return noRelease(control, decision.app);
  const { stage, deletions, removal } = decision;
  const given = [stage, deletions, removal].filter((value) => value !== undefined);
  if (given.length !== 1) {
    return refuse(
      "bad-request",
      "an approval is of exactly one thing",
      "name a stage, a number of deletions, or a removal verb",
    );
  }
  const refusal = refusalOf(release, decision);
  if (refusal !== undefined) return refusal;
  const value = String(given[0]);
  const approval: Approval = {
    what: stage === undefined ? (deletions === undefined ? "verb" : "deletions") : "stage",
    value,
    digest: approvalDigest(release),
    by: word.by,
    at: word.at,
    why: decision.why,
  };
  const what = `${approval.what} ${value} of ${release.id}`;
  const next = { ...release, approvals: [...release.approvals, approval] };
  return done(
    [releaseChange(next, `${word.by} approves ${what}: ${decision.why}`)],
    `approved ${what}${othersInWords(control, release, { ...word, stage })}`,
  );
}

/** What else the approval lets go. */
function othersInWords(
  control: ControlState,
  release: Release,
  { stage: name, dependsOn }: Pick<Word, "dependsOn"> & { readonly stage: string | undefined },
): string {
  const sites = Object.keys(release.list).filter(
    (site) => name === undefined || stageOf(release, site) === name,
  );
  return nextInWords(control, release, { sites, dependsOn });
}

/** Lets the open list of an app delete what it waits with. */
function approveOpenList(
  control: ControlState,
  { app, stage, deletions, removal, why }: Of<"approve">,
  { by }: Word,
): DecisionResult {
  const other = stage === undefined ? (removal === undefined ? "" : "removals") : "stages";
  if (other !== "")
    return conflict(`the open list of ${app} has no ${other}`, "only its deletions are approved");
  const arrivals = own(control.apps, app)?.arrivals;
  const { waiting = {}, ...rest } = arrivals ?? { handed: {}, failed: {} };
  const objects = waitingLosses({ waiting });
  if (objects === 0)
    return conflict(`the open list of ${app} waits for no deletions`, "look at `flotilla status`");
  if (deletions !== objects) {
    return conflict(
      `the open list of ${app} waits with ${countOf(objects, "deletion")}, not ${deletions ?? "another thing"}`,
      `approve ${countOf(objects, "deletion")} if that is right`,
    );
  }
  const record = { ...rest, granted: { ...rest.granted, ...waiting } };
  const what = `${countOf(objects, "deletion")} of the open list of ${app}`;
  const change = {
    path: controlPaths.arrivals(app),
    record,
    why: `${by} approves ${what}: ${why}`,
  };
  return done([change], `approved ${what}`);
}

function refusalOf(
  release: Release,
  { stage, deletions, removal }: Of<"approve">,
): DecisionResult | undefined {
  if (stage !== undefined) return stageRefusal(release, stage);
  if (deletions !== undefined) return deletionsRefusal(release, deletions);
  return removal === undefined ? undefined : removalRefusal(release);
}

function stageRefusal(release: Release, name: string): DecisionResult | undefined {
  const stage = release.stages.find((each) => each.name === name);
  if (stage === undefined) {
    return missing(
      `${release.id} has no stage ${name}`,
      `its stages: ${release.stages.map((each) => each.name).join(", ")}`,
    );
  }
  if (!stage.approval)
    return conflict(`stage ${name} of ${release.id} needs no approval`, "it opens by itself");
  if (Object.hasOwn(release.opened, name)) {
    return conflict(`stage ${name} of ${release.id} is open already`, "pause it to stop it");
  }
  if (isStageApproved(release, name)) {
    return conflict(
      `stage ${name} of ${release.id} is approved already`,
      "it opens when the stages before it have passed",
    );
  }
  return undefined;
}

function deletionsRefusal(release: Release, number: number): DecisionResult | undefined {
  const { objects } = release.deletions;
  if (areDeletionsApproved(release)) {
    return conflict(`the deletions of ${release.id} need no approval`, "look at `flotilla status`");
  }
  if (number === objects) return undefined;
  return conflict(
    `${release.id} deletes ${countOf(objects, "object")}, not ${number}`,
    `approve ${objects} if that is right`,
  );
}

function removalRefusal(release: Release): DecisionResult | undefined {
  if (release.kind === "removal" && removalVerb(release) === "hold") return undefined;
  return conflict(
    `${release.id} does not wait for a removal verb`,
    "only a removal with `onRemoval: hold` does",
  );
}
