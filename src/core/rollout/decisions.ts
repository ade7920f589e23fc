/**
 * An operator's word -> changes to control, with who, when and why. A word that does not apply now is refused with what
 * would; it never changes anything silently.
 */
import type { Decision, HoldScope } from "../protocol/api.ts";
import { approve } from "./decide-approval.ts";
import { excuse } from "./decide-excuse.ts";
import { retry } from "./decide-retry.ts";
import { rollBack } from "./decide-rollback.ts";
import {
  conflict,
  type DecisionResult,
  done,
  missing,
  noScope,
  type Of,
  type Word,
} from "./decision-result.ts";
import { controlPaths } from "./control-files.ts";
import { holdInWords, scopeInWords } from "./holds.ts";
import type { ControlState } from "./planner-types.ts";
import type { Hold } from "./records.ts";

/** What the decision changes. */
export function applyDecision(
  control: ControlState,
  decision: Decision,
  word: Word,
): DecisionResult {
  switch (decision.verb) {
    case "pause":
      return pause(control, decision, word);
    case "resume":
      return resume(control, decision);
    case "approve":
      return approve(control, decision, word);
    case "excuse":
      return excuse(control, decision, word);
    case "retry":
      return retry(control, decision);
    case "rollback":
      return rollBack(control, decision, word);
    case "accept-head":
      return accepted(decision, word);
    case "recover":
      break;
  }
  return recover(decision, word);
}

function pause(
  control: ControlState,
  { scope, all, why }: Of<"pause">,
  { by, at }: Word,
): DecisionResult {
  if (Object.keys(scope).length === 0) return noScope();
  const id = holdId(scope);
  const known = control.holds.find((hold) => hold.id === id);
  const hold: Hold = { id, scope: { ...scope }, ...(all === true ? { all } : {}), by, why, at };
  if (known !== undefined && (known.all === true || all !== true)) {
    return conflict(`it is ${holdInWords(known)} already`, "resume it, or pause with `all`");
  }
  return done(
    [{ path: controlPaths.hold(id), record: hold, why: holdInWords(hold) }],
    `paused ${scopeInWords(scope)}`,
  );
}

function resume(control: ControlState, { scope, why }: Of<"resume">): DecisionResult {
  if (Object.keys(scope).length === 0) return noScope();
  const id = holdId(scope);
  const hold = control.holds.find((each) => each.id === id);
  if (hold === undefined) {
    const others = control.holds.map((each) => scopeInWords(each.scope)).join("; ");
    return missing(
      `nothing holds ${scopeInWords(scope)}`,
      others === "" ? "there are no holds" : `holds: ${others}`,
    );
  }
  return done(
    [{ path: controlPaths.hold(id), record: null, why: `resumed ${scopeInWords(scope)}: ${why}` }],
    `resumed ${scopeInWords(scope)}`,
  );
}

/** One hold per scope: its name says what it holds. */
function holdId({ fleet, region, site, app, stage }: HoldScope): string {
  const named = { region, site, app, stage };
  const parts = Object.entries(named).flatMap(([key, name]) =>
    name === undefined ? [] : [`${key}-${name}`],
  );
  return [...(fleet === true ? ["fleet"] : []), ...parts].join("--");
}

function accepted({ commit, why }: Of<"accept-head">, { by, at }: Word): DecisionResult {
  const record = { commit, by, at, why };
  return done(
    [{ path: controlPaths.accepted, record, why: `${by} accepts ${commit}: ${why}` }],
    `accepted ${commit}`,
  );
}

function recover({ why }: Of<"recover">, { by, at, mirrorHeads }: Word): DecisionResult {
  if (mirrorHeads === undefined) {
    return conflict("control is not lost", "there is nothing to recover");
  }
  const record = { mirrors: { ...mirrorHeads }, by, at, why };
  return done(
    [{ path: controlPaths.recovered, record, why: `${by} confirms the mirrors: ${why}` }],
    "the mirrors are confirmed as they are",
  );
}
