/** What the Decisions of a change say: its files render to the same, and yet it may set back or free many sites. */
import type { FleetModel } from "../model/fleet-model.ts";
import { canonicalJson } from "../model/json.ts";
import { type DeclaredDecision, declaredDecisions } from "../rollout/declared-decisions.ts";
import { countOf } from "../rollout/words.ts";
import type { DecisionPlan } from "./fleet-plan.ts";

/**
 * Those that are new or say something else, and holds that go, sorted by name. From nothing (null) only holds count:
 * what is said once speaks of releases, and there is none.
 */
export function decisionPlans(base: FleetModel | null, head: FleetModel): readonly DecisionPlan[] {
  const [before, after] = [base, head].map(
    (model) =>
      new Map(
        model === null ? [] : declaredDecisions(model).map((each) => [each.name, each] as const),
      ),
  );
  const names = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].toSorted();
  return names.flatMap((name) => {
    const [from, to] = [before?.get(name), after?.get(name)];
    if (textOf(from) === textOf(to)) return [];
    const ends = from === undefined || isOnce(from) || holdsOn(from, to) ? [] : [endOf(from)];
    return [...ends, ...(to === undefined || (base === null && isOnce(to)) ? [] : [planOf(to)])];
  });
}

/** How many of them do something by themselves: `1 Decision`; "": none. */
export function doneOnceInWords(decisions: readonly DecisionPlan[]): string {
  const once = decisions.filter((decision) => decision.isOnce).length;
  return once === 0 ? "" : countOf(once, "Decision");
}

/** `Decision back (back.yaml:4): rollback of app web, when this is followed; …`. */
export function decisionInWords({ decision, file, line, says, isOnce }: DecisionPlan): string {
  const when = isOnce
    ? ", once, when this is followed; what it does, or whether it is refused, depends on what is under way then"
    : "";
  return `Decision ${decision} (${file}:${line}): ${says}${when}`;
}

function textOf(decision: DeclaredDecision | undefined): string {
  return decision === undefined ? "" : canonicalJson(decision.spec);
}

/** It holds what it held, if for another reason. */
function holdsOn({ spec }: DeclaredDecision, to: DeclaredDecision | undefined): boolean {
  return canonicalJson(spec.hold ?? null) === canonicalJson(to?.spec.hold ?? null);
}

function isOnce({ spec }: DeclaredDecision): boolean {
  return spec.hold === undefined;
}

function placeOf({ name, file, line }: DeclaredDecision): Omit<DecisionPlan, "isOnce" | "says"> {
  return { decision: name, file, line };
}

function planOf(decision: DeclaredDecision): DecisionPlan {
  const { why: _, ...said } = decision.spec;
  const says = Object.entries(said).map(([verb, about]) => `${verb} of ${aboutInWords(about)}`);
  return { ...placeOf(decision), isOnce: isOnce(decision), says: says.join("; ") };
}

function endOf(decision: DeclaredDecision): DecisionPlan {
  const says = `the hold of ${aboutInWords(decision.spec.hold ?? {})} ends`;
  return { ...placeOf(decision), isOnce: false, says };
}

/** `app web, stage early`: fields as the file has them. */
function aboutInWords(about: object): string {
  return Object.entries(about)
    .map(([field, value]) => (value === true ? field : `${field} ${value}`))
    .join(", ");
}
