/** What is told of the newest commit when it is not followed. Pure. */
import { formatDiagnostic } from "../core/model/diagnostic.ts";
import type { FleetStatus } from "../core/protocol/api.ts";
import type { Pass } from "./reconcile.ts";
import { shortId } from "./short-id.ts";

/** The newest head where it is not followed, with the reason; null: it is. */
export function refusedHead({ verdict }: Pass): FleetStatus["refused"] {
  if (verdict.verdict !== "refused") return null;
  const { commit, reason, mistakes = [] } = verdict;
  return { commit, reason, mistakes: mistakes.slice(0, maxMistakes).map(formatDiagnostic) };
}

const maxMistakes = 50;

/** That the newest commit is not followed, why, and what is instead; undefined: it is. */
export function refusalInWords({ verdict, read }: Pass): string | undefined {
  if (verdict.verdict !== "refused") return undefined;
  const words = `commit ${shortId(verdict.commit)} is not followed: ${verdict.reason}`;
  return read === null
    ? words
    : `${words}; everything goes on from ${shortId(read.head.commit)}, the last one that is`;
}
