/** The words by which a release goes back: an operator's and the planner's, each of which adds to those before. */
import { own } from "../own.ts";
import type { BackWord, Release } from "../records.ts";

/** All of them, oldest first; none: it does not go back. */
export function backWords({ goingBack }: Release): readonly BackWord[] {
  if (goingBack === undefined) return [];
  const { also = [], ...first } = goingBack;
  return [first, ...also];
}

/** The release with one more word. */
export function withBackWord(release: Release, word: BackWord): Release {
  const { goingBack } = release;
  if (goingBack === undefined) return { ...release, goingBack: word };
  return { ...release, goingBack: { ...goingBack, also: [...(goingBack.also ?? []), word] } };
}

/** The first word that sends the site back. */
export function backWordAt(release: Release, site: string): BackWord | undefined {
  const { failed, excused, stages, list } = release;
  return backWords(release).find(({ scope, stage }) => {
    if (scope === "failed") return Object.hasOwn(failed, site) && !own(excused, site);
    return scope === "all" || stages[own(list, site)?.stage ?? -1]?.name === stage;
  });
}

/** A word that holds for all that fails in the stage: nothing that fails there adds another. */
export function holdsForStage({ scope, stage }: BackWord, name: string): boolean {
  return scope !== "stage" || stage === name;
}

/** Why the release goes back, by each of the words. */
export function whyBack(release: Release): string {
  const words = backWords(release);
  // The planner's own words name the stage themselves.
  const isNamed = ({ by, stage }: BackWord): boolean =>
    words.length > 1 && by !== undefined && stage !== undefined;
  return words
    .map((word) => `${isNamed(word) ? `stage ${word.stage}: ` : ""}${word.why}`)
    .join("; ");
}
