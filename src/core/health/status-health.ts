/** What the status of a kind says that nobody told us about: its conditions, states, parts, flags and counts together. */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type SaidHealth, conditionHealth, isOpenEnded, summaryIn } from "./condition-health.ts";
import { countHealth } from "./count-health.ts";
import { flagHealth } from "./flag-health.ts";
import { meaningOf } from "./health-words.ts";
import { type Health, worstOf } from "./health.ts";
import { type Condition, at, conditionsIn, health, numberAt, textAt } from "./read-object.ts";
import { failureOf, isHeld, stateHealth, tellsState } from "./state-health.ts";
import { healthOfState, isRun } from "./state-words.ts";

/** The health that a status tells; undefined when it tells none. */
export function statusHealth(object: JsonObject): Health | undefined {
  const said = spokenHealth(object);
  if (said?.status === "Healthy" || said?.status === "Suspended") return said;
  const status = at(object, "status");
  const withPast = said === undefined || said.status === "Unknown" || !tellsWork(object);
  const failure = failureOf(status, { withPast }) || partFailure(status);
  if (failure !== "") return health("Degraded", failure);
  return said ?? toldFailure(status);
}

/** What went wrong with one of its parts. */
function partFailure(status: Json | undefined): string {
  const parts = isJsonObject(status) ? directPartsOf(status).slice(0, mostParts) : [];
  const failures = parts.map((part) => failureOf(part, { withPast: false }));
  return failures.find((one) => one !== "") ?? "";
}

/** More than a flag tells how it is now. */
function tellsWork(object: JsonObject): boolean {
  const status = at(object, "status");
  return (
    conditionsIn(status).length > 0 ||
    stateHealth(status, textAt(object, "kind")) !== undefined ||
    countHealth(status, at(object, "spec")) !== undefined
  );
}

/** Where nothing else tells, its message may tell of trouble. */
function toldFailure(status: Json | undefined): Health | undefined {
  const texts = [textAt(status, "message"), textAt(status, "reason")];
  const text = texts.find((one) => meaningOf(one) === "broken");
  return text === undefined ? undefined : health("Degraded", text);
}

/** A summary and the state decide together. Without a summary, the worst of all that is said: nothing speaks for all. */
function spokenHealth(object: JsonObject): Health | undefined {
  const status = at(object, "status");
  const kind = textAt(object, "kind");
  const generation = numberAt(object, ["metadata", "generation"]);
  const conditions = conditionsIn(status);
  const held = isHeld(status);
  const state = held ? health("Suspended", "it is paused") : stateHealth(status, kind);
  const own = ended(settled(conditionHealth(conditions, generation), state), state, kind);
  // What is paused half-way has not what it wants, and works at nothing.
  const counts = held ? undefined : countHealth(status, at(object, "spec"));
  const summary = summaryIn(conditions);
  if (own !== undefined && speaksForAll(summary)) {
    return worstOf([own, state, isOpenEnded(summary) ? counts : undefined]);
  }
  const whole = worstOf([own, state, counts, flagHealth(status)]);
  return withParts(whole, status, { kind, generation }) ?? handledHealth(status);
}

interface Whole {
  readonly kind: string;
  readonly generation: number;
}

function withParts(
  whole: Health | undefined,
  status: Json | undefined,
  about: Whole,
): Health | undefined {
  // A part that is left out or switched off does not stop a whole that tells how it is.
  const counts = partHealths(status, about).filter(
    (part) => whole === undefined || part.status !== "Suspended",
  );
  const parts = worstOf(counts);
  const isWell = parts === undefined || parts.status === "Healthy";
  // That all parts are well does not speak for a whole that speaks by conditions.
  if (whole === undefined && isWell && at(status, "conditions") !== undefined) return undefined;
  return worstOf([whole, parts]);
}

/** What is done once has ended when its state says so, whatever was under way. */
function ended(
  said: Health | undefined,
  state: Health | undefined,
  kind: string,
): Health | undefined {
  const isOver = said?.status === "Progressing" && state?.status === "Healthy" && isRun(kind);
  return isOver ? state : said;
}

/** Where conditions only tell that it is not as it should be, the state may tell that this is work, or a pause. */
function settled(said: SaidHealth | undefined, state: Health | undefined): Health | undefined {
  if (said === undefined) return undefined;
  const isOpen = said.unclear === true || said.status === "Progressing";
  const isTold = state?.status === "Progressing" || state?.status === "Suspended";
  return isOpen && isTold ? state : { status: said.status, message: said.message };
}

/** Not where it is Ready only because its controller has looked at it, which tells little of what came of it. */
function speaksForAll(summary: Condition | undefined): summary is Condition {
  if (summary === undefined) return false;
  return summary.status !== "True" || !summary.reason.startsWith("Reconcil");
}

/** Fields that are no parts of what the object is now. */
const notParts =
  /^(conditions$|last|previous|desired|target|old|history|attempts$|retr(y|ies)|events$)|(history|spec|template)$/i;

/** So many are looked at, that no object costs more than some milliseconds. */
const mostParts = 1000;
const deepest = 4;

/** What the parts of a status say; of what is in a part only where that says nothing itself. */
function partHealths(status: Json | undefined, { kind, generation }: Whole): readonly Health[] {
  const found: Health[] = [];
  let level: readonly JsonObject[] = isJsonObject(status) ? [status] : [];
  let left = mostParts;
  for (let depth = 0; depth < deepest && left > 0; depth += 1) {
    const parts = level.flatMap(directPartsOf).slice(0, left);
    left -= parts.length;
    const told = parts.map((part) => partHealth(part, kind, generation));
    found.push(...level.flatMap((whole) => namedStates(whole, kind)));
    found.push(...told.filter((one) => one !== undefined));
    level = parts.filter((_, index) => told[index] === undefined);
  }
  return found;
}

const stateMap = /(state|status|phase|health)(e?s)?$/i;

/** States by the names of what they are of (`serviceHealth: { web: Healthy }`), where every value is one. */
function namedStates(whole: JsonObject, kind: string): readonly Health[] {
  return Object.entries(whole).flatMap(([field, value]) => {
    if (notParts.test(field) || !stateMap.test(field) || !isJsonObject(value)) return [];
    const told = Object.entries(value).map(([name, state]) => {
      if (typeof state !== "string") return undefined;
      const word = healthOfState(state, kind);
      return word === undefined ? undefined : health(word, `${name}: ${state}`);
    });
    return told.every((one) => one !== undefined) ? told : [];
  });
}

/** What a status lists, by number or by name: routes at their gateways, nodes, environments. */
function directPartsOf(whole: JsonObject): readonly JsonObject[] {
  return Object.entries(whole).flatMap(([field, value]) => {
    if (notParts.test(field)) return [];
    if (Array.isArray(value)) return value.filter((item: Json) => isJsonObject(item));
    return isJsonObject(value) ? [value] : [];
  });
}

/** A part whose state nobody knows has no opinion. */
function partHealth(part: JsonObject, kind: string, generation: number): Health | undefined {
  const conditions = settled(conditionHealth(conditionsIn(part), generation), undefined);
  const said = [conditions, stateHealth(part, kind), flagHealth(part), countHealth(part)];
  return worstOf(said.filter((one) => one?.status !== "Unknown"));
}

/** Names of fields in which a controller notes that it has dealt with an object. */
const handled =
  /^(last\w*(sync|update|reconcile|applied|schedule|check|generation)\w*|observed\w+|\w*hash)$/i;

function handledHealth(status: Json | undefined): Health | undefined {
  const isHandled =
    isJsonObject(status) &&
    status["conditions"] === undefined &&
    !tellsState(status) &&
    Object.keys(status).some((field) => handled.test(field));
  return isHandled ? health("Healthy", "its controller has dealt with it") : undefined;
}
