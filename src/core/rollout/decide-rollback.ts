/** An operator's word that a release, one of its stages or one site goes back. */
import {
  conflict,
  type DecisionResult,
  done,
  missing,
  noRelease,
  type Of,
  refuse,
  releaseChange,
  releaseMeant,
  type Word,
} from "./decision-result.ts";
import { own } from "./own.ts";
import type { ControlState } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { backWords } from "./rollback/back-words.ts";
import { sentBack } from "./rollback/stop-failed.ts";

/** Sends the release back: all of it, the sites of one stage, or a single site. */
export function rollBack(
  control: ControlState,
  decision: Of<"rollback">,
  word: Word,
): DecisionResult {
  const release = releaseMeant(control, decision);
  if (release === undefined) return noneUnderWay(control, decision.app);
  if (release.kind === "removal") {
    const hint = `place ${release.app} there again by a commit`;
    return conflict(
      `${release.id} takes ${release.app} away: what is gone does not come back`,
      hint,
    );
  }
  if (release.backTo !== undefined) {
    const hint = `name the release that it is to go to instead: --to RELEASE`;
    return conflict(`${release.id} goes back to ${release.backTo.release.id} itself`, hint);
  }
  const { site, stage } = decision;
  if (site !== undefined && stage !== undefined) {
    return refuse("bad-request", "a site or a stage goes back", "name one of them, or neither");
  }
  if (site !== undefined) return setBackSite(release, { ...decision, site }, word);
  return sendBack(release, decision, word);
}

/** What is through does not go back by itself: the release to go to is named. */
function noneUnderWay(control: ControlState, app: string): DecisionResult {
  const refusal = noRelease(control, app);
  const way = `to go back from one that is through, name the release to go to: \`flotilla rollout rollback ${app} --to RELEASE --why TEXT\`; \`flotilla history ${app}\` lists them`;
  return refusal.ok || own(control.apps, app) === undefined
    ? refusal
    : { ...refusal, hint: `${refusal.hint}; ${way}` };
}

function setBackSite(
  release: Release,
  { site, why }: Of<"rollback"> & { site: string },
  { by, at }: Word,
): DecisionResult {
  if (!Object.hasOwn(release.handed, site)) {
    const handed = Object.keys(release.handed);
    const hint = handed.length === 0 ? "it is nowhere yet" : `it is at ${handed.join(", ")}`;
    return missing(`${site} has not got ${release.id}`, hint);
  }
  if (Object.hasOwn(release.back ?? {}, site)) {
    return conflict(`${site} went back from ${release.id} already`, "there is nothing to do");
  }
  const next: Release = {
    ...release,
    setBack: { ...release.setBack, [site]: { at, by, why } },
    failed: {
      ...release.failed,
      [site]: own(release.failed, site) ?? { at, cause: `set back by ${by}: ${why}` },
    },
  };
  const what = `${site} goes back from ${release.id}`;
  return done([releaseChange(next, `${by}: ${what}: ${why}`)], what);
}

function sendBack(
  release: Release,
  { stage, why }: Of<"rollback">,
  { by, at }: Word,
): DecisionResult {
  if (stage !== undefined && !release.stages.some(({ name }) => name === stage)) {
    const names = release.stages.map(({ name }) => name).join(", ");
    return missing(`${release.id} has no stage ${stage}`, `stages: ${names}`);
  }
  const known = backWords(release).find(
    (each) => each.scope === "all" || (each.scope === "stage" && each.stage === stage),
  );
  if (known !== undefined) {
    return conflict(`${release.id} goes back already: ${known.why}`, "a newer commit replaces it");
  }
  const [place, words] =
    stage === undefined
      ? [{ scope: "all" } as const, release.id]
      : [{ scope: "stage", stage } as const, `stage ${stage} of ${release.id}`];
  const next = sentBack(release, { at, ...place, by, why });
  const what = `${words} goes back`;
  return done([releaseChange(next, `${by}: ${what}: ${why}`)], what);
}
