/** What the fields of a status say beside its conditions: states, flags, counts and errors. */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type Health, worstOf } from "./health.ts";
import { meaningOf } from "./health-words.ts";
import { at, health, textAt } from "./read-object.ts";
import { healthOfState } from "./state-words.ts";

/** Fields that hold the state of the whole, by the names that most kinds give them. */
const stateFields = [
  ["phase"],
  ["state"],
  ["status"],
  ["health"],
  ["health", "status"],
  ["state", "phase"],
  ["stage"],
  ["currentState"],
  ["robustness"],
  ["compliant"],
  ["result"],
  ["verdict"],
];
/**
 * Fields that are a state by their names, such as `clusterStatus`; not of the past or of what is wished for. What was
 * done last to carry the object out is how it is now (`lastOperationStatus`).
 */
const stateName =
  /^(?!last|latest|previous|desired|target|expected|wanted|initial).*(state|status|phase|health|stage)$/i;
const healthName =
  /^(?!last|latest|previous|desired|target|expected|wanted|initial).*health(status|state)?$/i;
const attemptName =
  /^(last|latest)(observed|operation|transaction|deploy\w*|apply|reconcil\w*)(state|status|phase|result)$/i;
const attempt = /^(last|latest)(operation|transaction|deploy\w*|apply|reconcil\w*)$/i;
const outcome = /^(state|status|phase|result)$/i;

/** What the states in a status say: the worst of those that speak for the whole, and of the last attempt. */
export function stateHealth(status: Json | undefined, kind: string): Health | undefined {
  const said = textAt(status, "message") || textAt(status, "reason");
  const judge = (text: string): readonly Health[] => {
    // That it is not ready is no reason why it is not ready.
    const isTold = noReason.test(text) && meaningOf(said) === "broken";
    const word = isTold ? "Degraded" : healthOfState(text, kind);
    return word === undefined ? [] : [health(word, said || `state ${text}`)];
  };
  if (!isJsonObject(status)) return undefined;
  const usual = [...stateFields.map((path) => stateAt(status, path)), ...healthBelow(status)];
  const known = usual.flatMap(judge);
  // Where none with a usual name tells, all that are named like a state speak for the whole; their health always does.
  const speaks = known.length > 0 ? healthName : stateName;
  const named = textsOf(status, (field) => speaks.test(field));
  return worstOf([...known, ...[...named, ...attemptsIn(status)].flatMap(judge)]);
}

const noReason = /^(not[-_ ]?|un)ready$/i;

function attemptsIn(status: JsonObject): readonly string[] {
  const inner = Object.entries(status).flatMap(([field, value]) =>
    attempt.test(field) && isJsonObject(value) ? textsOf(value, (name) => outcome.test(name)) : [],
  );
  return [...textsOf(status, (field) => attemptName.test(field)), ...inner];
}

function textsOf(value: JsonObject, isMeant: (field: string) => boolean): readonly string[] {
  return Object.entries(value).flatMap(([field, text]) =>
    typeof text === "string" && isMeant(field) ? text : [],
  );
}

/** The names of a state that a protocol buffer numbers, where the writer says who it is: the status of solo-kit. */
const numberedStates = ["Pending", "Accepted", "Rejected", "Warning"];

function stateAt(status: Json | undefined, path: readonly string[]): string {
  const found = at(status, ...path);
  if (typeof found === "number" && textAt(status, "reportedBy") !== "") {
    return numberedStates[found] ?? "";
  }
  return typeof found === "string" ? found : "";
}

/** What the status calls the health of something (`ceph.health`). */
function healthBelow(status: Json | undefined): readonly string[] {
  return isJsonObject(status) ? Object.values(status).map((value) => textAt(value, "health")) : [];
}

/** A state is told, whatever it means. */
export function tellsState(status: Json | undefined): boolean {
  return stateFields.some((path) => stateAt(status, path) !== "");
}

/** That it was stopped on purpose, by a flag or by a list of what holds it (`pauseConditions`). */
export function isHeld(status: Json | undefined): boolean {
  if (!isJsonObject(status)) return false;
  return Object.entries(status).some(
    ([field, value]) =>
      (/^(paused|suspended|hibernated)$/i.test(field) && value === true) ||
      (/^pause\w*s$/i.test(field) && Array.isArray(value) && value.length > 0),
  );
}

/** Fields that name what went wrong: `error`, `failureMessage`, `lastSyncError`. */
const failureName = /(error|failure)(message|msg|reason)?$/i;
const failureList = /^((last|validation)?errors|problems)$/i;
/** What was before, and what to do in case of a fault: `previousError`, `actionOnFailure`. */
const noFailure = /^(previous|ignore|max|on(?![a-z]))|(On|_on_)([Ee]rror|[Ff]ailure)/;
/** What went wrong some time ago, and may be well since. */
const pastName = /^la(st|test)|La(st|test)|_la(st|test)_/;

/** What it says went wrong; "" where it names nothing. `withPast`: or has gone wrong the last time. */
export function failureOf(status: Json | undefined, { withPast }: { withPast: boolean }): string {
  if (!isJsonObject(status)) return "";
  const named = Object.entries(status).flatMap(([field, value]) => {
    if (noFailure.test(field) || (!withPast && pastName.test(field))) return [];
    if (failureName.test(field)) return textOf(value);
    return failureList.test(field) && Array.isArray(value) ? value.flatMap(textOf) : [];
  });
  return named[0] ?? "";
}

/** That there is none; how many there were, or when. */
const noText = /^(none|nil|null|<none>|false|no|ok|never|n\/a|no (error|failure)s?|[\d.,]*)\.?$/i;
const time = /^\d{4}-\d\d-\d\d([T ][\d:.,]+ ?(Z|UTC|[+-][\d:]+)?)?$/;

function textOf(value: Json): readonly string[] {
  const texts =
    typeof value === "string"
      ? [value]
      : ["message", "description", "reason"].map((field) => textAt(value, field));
  const text = texts.map((one) => one.trim()).find((one) => !noText.test(one) && !time.test(one));
  return text === undefined ? [] : [text];
}
