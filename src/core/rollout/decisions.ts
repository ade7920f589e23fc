/**
 * An operator's word -> changes to control, with who, when and why. A word that does not apply now is refused with what
 * would; it never changes anything silently.
 */
import type { Decision, HoldScope } from "../protocol/api.ts";
import { approve } from "./decide-approval.ts";
import { excuse } from "./decide-excuse.ts";
import { promote } from "./decide-promote.ts";
import { retry } from "./decide-retry.ts";
import { makeUrgent } from "./decide-urgent.ts";
import { rollBack } from "./decide-rollback.ts";
import {
  conflict,
  type DecisionResult,
  done,
  missing,
  type Of,
  refuse,
  type Word,
} from "./decision-result.ts";
import { laterThan } from "./clock-back.ts";
import { controlPaths } from "./control-files.ts";
import { badScope, unknownScope } from "./hold-scope.ts";
import { holdInWords, targetInWords } from "./holds.ts";
import { own } from "./own.ts";
import type { ControlState } from "./planner-types.ts";
import type { Hold } from "./records.ts";

type Appliers = {
  readonly [V in Decision["verb"]]: (
    control: ControlState,
    decision: Of<V>,
    word: Word,
  ) => DecisionResult;
};

const appliers: Appliers = {
  pause,
  resume,
  approve,
  excuse,
  promote,
  urgent: makeUrgent,
  retry,
  rollback: rollBack,
  "accept-head": (_, decision, word) => accepted(decision, word),
  recover,
};

/** What the decision changes. */
export function applyDecision(
  control: ControlState,
  decision: Decision,
  word: Word,
): DecisionResult {
  // Each entry takes the decisions of its own verb.
  const apply = appliers[decision.verb] as typeof applyDecision;
  return apply(control, decision, word);
}

function pause(
  control: ControlState,
  { scope, all, release, why }: Of<"pause">,
  { by, at, named }: Word,
): DecisionResult {
  const refusal =
    badScope(scope) ??
    unknownScope(control, scope, named) ??
    (release === undefined ? undefined : noHoldAt(control, scope, release));
  if (refusal !== undefined) return refusal;
  const id = holdId(scope, release);
  const known = control.holds.find((hold) => hold.id === id);
  const hold: Hold = {
    id,
    scope: { ...scope },
    ...(all === true ? { all } : {}),
    ...(release === undefined ? {} : { release }),
    by,
    why,
    at,
  };
  if (known !== undefined && (known.all === true || all !== true)) {
    return conflict(`it is ${holdInWords(known)} already`, "resume it, or pause with `all`");
  }
  return done(
    [{ path: controlPaths.hold(id), record: hold, why: holdInWords(hold) }],
    `paused ${targetInWords(hold)}`,
  );
}

/** A hold at a release names one that is current somewhere, or under way. */
function noHoldAt(
  control: ControlState,
  { app }: HoldScope,
  release: string,
): DecisionResult | undefined {
  if (app === undefined) {
    return refuse("bad-request", `${release} is of no app`, "name the app that is held at it");
  }
  const { current, open = [] } = own(control.apps, app) ?? {};
  const refs = [current?.release, ...(current?.partial ?? []).map((entry) => entry.release)];
  const names = new Set([...refs.flatMap((ref) => ref?.id ?? []), ...open.map(({ id }) => id)]);
  if (names.has(release)) return undefined;
  const known = names.size === 0 ? "it has none" : `they are ${[...names].join(", ")}`;
  return missing(`${release} is no release of ${app} that is current or under way`, known);
}

function resume(control: ControlState, { scope, release, why }: Of<"resume">): DecisionResult {
  const id = holdId(scope, release);
  const words = targetInWords({ scope, ...(release === undefined ? {} : { release }) });
  const alike = control.holds.filter((each) => each.declared && targetInWords(each) === words);
  const hold =
    control.holds.find((each) => each.id === id) ??
    alike.find(({ endedBy }) => endedBy !== undefined);
  if (hold === undefined) {
    const refusal = badScope(scope);
    if (refusal !== undefined) return refusal;
    const [inGit] = alike;
    if (inGit !== undefined) return heldInGit(inGit);
    const others = control.holds.map((each) => targetInWords(each)).join("; ");
    return missing(
      `nothing holds ${words}`,
      others === "" ? "there are no holds" : `holds: ${others}`,
    );
  }
  return done(
    [{ path: controlPaths.hold(hold.id), record: null, why: `resumed ${words}: ${why}` }],
    `resumed ${words}`,
  );
}

/** What Git holds, only Git lets go: the stricter of the two wins. */
function heldInGit(hold: Hold): DecisionResult {
  const { decision = "", file = "", line = 0 } = hold.declared ?? {};
  const hint = `remove the Decision ${decision} (${file}:${line}) by a commit`;
  return conflict(`the fleet repository holds ${targetInWords(hold)}`, hint);
}

/** One hold per scope, and per release that it lets through: its name says what it holds. */
function holdId({ fleet, region, site, app, stage }: HoldScope, release?: string): string {
  const named = { region, site, app, stage, at: release };
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

function recover(
  { head }: ControlState,
  { why }: Of<"recover">,
  { by, at, mirrorHeads }: Word,
): DecisionResult {
  if (mirrorHeads === undefined) {
    return conflict("control is not lost", "there is nothing to recover");
  }
  // Only a head that is followed from now on counts as followed since.
  const record = { mirrors: { ...mirrorHeads }, by, at: laterThan(at, head?.at), why };
  return done(
    [{ path: controlPaths.recovered, record, why: `${by} confirms the mirrors: ${why}` }],
    "the mirrors are confirmed as they are",
  );
}
