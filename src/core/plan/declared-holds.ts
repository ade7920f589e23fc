/** The holds that Decisions of a fleet repository declare, once the head of a change is followed. */
import { canonicalJson } from "../model/json.ts";
import { declaredDecisions, declaredHold } from "../rollout/declared-decisions.ts";
import type { Hold } from "../rollout/records.ts";
import type { PlanSide } from "./assumed-state.ts";

/** In whose name: who wrote a file is not among the inputs of a plan. */
const author = "Git";

/** Those of the head; and those of the base that it ends or changes, which still hold what it starts itself. */
export function declaredHolds(base: PlanSide | null, head: PlanSide, at: string): readonly Hold[] {
  const kept = holdsOf(head, at);
  const texts = new Set(kept.map(textOf));
  const before = base === null ? [] : holdsOf(base, at);
  const ended = before
    .filter((hold) => !texts.has(textOf(hold)))
    .map((hold) => ({ ...hold, id: `ended--${hold.id}`, endedBy: head.revision }));
  return [...kept, ...ended];
}

function holdsOf({ model }: PlanSide, at: string): readonly Hold[] {
  return declaredDecisions(model).flatMap((each) => declaredHold(each, { by: author, at }) ?? []);
}

/** What tells a changed hold from the same one at another place. */
function textOf({ id, scope, all, release, why }: Hold): string {
  return canonicalJson({ id, scope: { ...scope }, all: all ?? false, release: release ?? "", why });
}
