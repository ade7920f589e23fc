/** An operator's word that a release is urgent: it goes on as its strategy has declared for that, and in no other way. */
import {
  conflict,
  type DecisionResult,
  done,
  noRelease,
  type Of,
  releaseChange,
  releaseMeant,
  type Word,
} from "./decision-result.ts";
import { togetherInWords } from "./moves-with.ts";
import type { ControlState } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { whyBack } from "./rollback/back-words.ts";
import { foldStages, withUrgency } from "./urgent.ts";
import { spanInWords } from "./words.ts";

/** Makes a release urgent. */
export function makeUrgent(
  control: ControlState,
  decision: Of<"urgent">,
  { by, at }: Word,
): DecisionResult {
  const release = releaseMeant(control, decision);
  if (release === undefined) return noRelease(control, decision.app);
  const refusal = refusalOf(release);
  if (refusal !== undefined) return refusal;
  const { why } = decision;
  const next = withUrgency({ ...foldStages(release), urgent: { by, at, why } });
  const words = `${release.id} is urgent: ${meaningOf(next).join(", ")}`;
  const together = togetherInWords(control, release, {
    lacks: (other) => other.urgent === undefined,
    word: "urgent",
  });
  return done([releaseChange(next, `${by}: ${words}: ${why}`)], words + together);
}

function refusalOf(release: Release): DecisionResult | undefined {
  const { id, urgent, ifUrgent, goingBack, strategy } = release;
  if (goingBack !== undefined) {
    return conflict(`${id} goes back: ${whyBack(release)}`, "commit a fix, or retry it");
  }
  if (urgent !== undefined) return conflict(`${id} is urgent already`, "see flotilla status");
  if (ifUrgent !== undefined) return undefined;
  return conflict(
    `the strategy ${strategy} of ${id} does not say what urgent means`,
    "declare `urgent` in the RolloutStrategy beforehand, or promote the stage",
  );
}

function meaningOf({ stages, minReadyMs, ifUrgent }: Release): string[] {
  const { soakMs, ignoresWindows } = ifUrgent ?? {};
  return [
    `stages ${stages.map(({ name }) => name).join(", ")}`,
    ...(soakMs === undefined
      ? []
      : [soakMs === 0 ? "no soak" : `soaks of at most ${spanInWords(soakMs)}`]),
    ...(ifUrgent?.minReadyMs === undefined ? [] : [`minReady ${spanInWords(minReadyMs)}`]),
    ...(ignoresWindows === true ? ["no windows"] : []),
  ];
}
