/**
 * Decisions that are files of the fleet repository. In: those of a head, and what control says of those that were carried
 * out. Out: which are new, changed or gone. Each is carried out once, whatever restarts; its file may stay or go. A hold
 * lasts as long as its file: the API does not end it.
 */
import { createHash } from "node:crypto";
import type { FleetModel } from "../model/fleet-model.ts";
import type { Decision as DecisionDocument } from "../model/kinds.ts";
import { canonicalJson } from "../model/json.ts";
import type { Decision } from "../protocol/api.ts";
import { controlPaths } from "./control-files.ts";
import { own } from "./own.ts";
import type { ControlChange, ControlState } from "./planner-types.ts";
import type { CarriedDecision, Hold } from "./records.ts";

/** A Decision of a head, with its place. */
export interface DeclaredDecision {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly spec: DecisionDocument["spec"];
}

/** Those of a commit. */
export function declaredDecisions({
  decisions,
}: Pick<FleetModel, "decisions">): DeclaredDecision[] {
  return [...decisions].map(([name, located]) => {
    const { file, line } = located.at(["spec"]);
    return { name, file, line, spec: located.value.spec };
  });
}

/** What tells a changed decision from the same one at another place. */
function decisionDigest({ spec }: Pick<DeclaredDecision, "spec">): string {
  return createHash("sha256").update(canonicalJson(spec)).digest("hex");
}

/** Those that were not carried out as they are now, by name. */
export function newDecisions(
  { decisions }: Pick<ControlState, "decisions">,
  declared: readonly DeclaredDecision[],
): DeclaredDecision[] {
  return declared
    .filter((each) => own(decisions, each.name)?.digest !== decisionDigest(each))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Whose files have gone. Holds end, but for what the head itself starts, and what was refused is no question any more; what was said and carried out stays on
 * record, for the file may come back.
 */
export function goneDecisions(
  { decisions = {}, holds }: Pick<ControlState, "decisions" | "holds">,
  { declared, head }: { readonly declared: readonly DeclaredDecision[]; readonly head: string },
): ControlChange[] {
  const names = new Set(declared.map(({ name }) => name));
  const gone = Object.entries(decisions).flatMap(([name, { file, line, outcome }]) => {
    const hold = holdOf(holds, name);
    if (names.has(name) || (hold === undefined && outcome === "done")) return [];
    const why = `${file}:${line} has gone: the decision ${name} ends`;
    return [
      { path: controlPaths.decision(name), record: null, why },
      ...(hold === undefined ? [] : endHold(hold, { head, why })),
    ];
  });
  const over = holds.flatMap(({ id, endedBy }) => {
    if (endedBy === undefined || endedBy === head) return [];
    const why = `${head} is followed: the hold that ${endedBy} ended is over`;
    return [{ path: controlPaths.hold(id), record: null, why }];
  });
  return [...new Map([...over, ...gone].map((change) => [change.path, change])).values()];
}

/** The hold that stands for a Decision. */
export function holdOf(holds: readonly Hold[], decision: string): Hold | undefined {
  return holds.find(
    ({ declared, endedBy }) => declared?.decision === decision && endedBy === undefined,
  );
}

/** Ends a hold for everything but what the head itself starts: no commit grants what it needs. */
export function endHold(
  hold: Hold,
  { head, why }: { readonly head: string; readonly why: string },
): ControlChange[] {
  const ended = { ...hold, id: `ended--${hold.id}`, endedBy: head };
  return [
    { path: controlPaths.hold(hold.id), record: null, why },
    { path: controlPaths.hold(ended.id), record: ended, why },
  ];
}

/** The hold that a file declares. */
export function declaredHold(
  { name, file, line, spec }: DeclaredDecision,
  { by, at }: { readonly by: string; readonly at: string },
): Hold | undefined {
  if (spec.hold === undefined) return undefined;
  const { all, release, ...scope } = spec.hold;
  return {
    id: `git--${name}`,
    scope,
    ...(all === true ? { all } : {}),
    ...(release === undefined ? {} : { release }),
    declared: { decision: name, file, line },
    by,
    why: spec.why,
    at,
  };
}

/** Any other than a hold, as the API would take it. */
export function spokenDecision({ why, ...spec }: DecisionDocument["spec"]): Decision | undefined {
  const { resume, approve, excuse, retry, promote, urgent, rollback } = spec;
  if (resume !== undefined) {
    const { release, ...scope } = resume;
    return { verb: "resume", scope, ...(release === undefined ? {} : { release }), why };
  }
  if (approve !== undefined) return { verb: "approve", ...approve, why };
  if (excuse !== undefined) return { verb: "excuse", ...excuse, why };
  if (retry !== undefined) return { verb: "retry", ...retry, why };
  if (promote !== undefined) return { verb: "promote", ...promote, why };
  if (urgent !== undefined) return { verb: "urgent", ...urgent, why };
  return rollback === undefined ? undefined : { verb: "rollback", ...rollback, why };
}

/** What becomes of a decision, as control keeps it. */
export function carriedChange(
  declared: DeclaredDecision,
  record: Omit<CarriedDecision, "digest" | "file" | "line">,
): ControlChange {
  const { name, file, line } = declared;
  const digest = decisionDigest(declared);
  return {
    path: controlPaths.decision(name),
    record: { digest, file, line, ...record },
    why: `${file}:${line}, decision ${name}, ${record.outcome}: ${record.message}`,
  };
}
