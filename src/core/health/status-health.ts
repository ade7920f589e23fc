/** What the status of a kind says that nobody told us about: its conditions, states, parts, flags and counts together. */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type SaidHealth, conditionHealth, summaryIn } from "./condition-health.ts";
import { countHealth } from "./count-health.ts";
import { type Health, worstOf } from "./health.ts";
import { type Condition, at, conditionsIn, health, numberAt, textAt } from "./read-object.ts";
import { failureOf, flagHealth, isHeld, stateHealth, tellsState } from "./state-health.ts";

/** The health that a status tells; undefined when it tells none. */
export function statusHealth(object: JsonObject): Health | undefined {
  const said = spokenHealth(object);
  if (said?.status === "Healthy") return said;
  const failure = failureOf(object);
  return failure === "" ? said : health("Degraded", failure);
}

/** A summary and the state decide together. Without a summary, the worst of all that is said: nothing speaks for all. */
function spokenHealth(object: JsonObject): Health | undefined {
  const status = at(object, "status");
  const generation = numberAt(object, ["metadata", "generation"]);
  const conditions = conditionsIn(status);
  const held = isHeld(status) ? health("Suspended", "it is paused") : undefined;
  const state = held ?? stateHealth(status, textAt(object, "kind"));
  const own = settled(conditionHealth(conditions, generation), state);
  if (own !== undefined && speaksForAll(summaryIn(conditions))) return worstOf([own, state]);
  const counts = countHealth(status, at(object, "spec"));
  const whole = worstOf([own, state, counts, flagHealth(status)]);
  const parts = worstOf(partsOf(status).map((part) => partHealth(part, generation)));
  const isWell = parts === undefined || parts.status === "Healthy";
  // That all parts are well does not speak for a whole that speaks by conditions.
  if (whole === undefined && isWell && at(status, "conditions") !== undefined) return undefined;
  return worstOf([whole, parts]) ?? handledHealth(status);
}

/** Where conditions only tell that it is not as it should be, the state may tell that this is work, or a pause. */
function settled(said: SaidHealth | undefined, state: Health | undefined): Health | undefined {
  if (said === undefined) return undefined;
  const isOpen = said.unclear === true || said.status === "Progressing";
  const isTold = state?.status === "Progressing" || state?.status === "Suspended";
  return isOpen && isTold ? state : { status: said.status, message: said.message };
}

/** Not where it is Ready only because its controller has looked at it, which tells little of what came of it. */
function speaksForAll(summary: Condition | undefined): boolean {
  if (summary === undefined) return false;
  return summary.status !== "True" || !summary.reason.startsWith("Reconcil");
}

/** Fields that are no parts of what the object is now. */
const notParts =
  /^(conditions$|last|previous|desired|target|old|history)|(history|spec|template)$/i;

/** So many are looked at, that no object costs more than some milliseconds. */
const mostParts = 1000;

/** What a status lists, by number or by name: routes at their gateways, nodes, environments. */
function partsOf(status: Json | undefined): readonly JsonObject[] {
  if (!isJsonObject(status)) return [];
  const fields = Object.entries(status).filter(([field]) => !notParts.test(field));
  const parts = fields.flatMap(([, value]) => {
    if (Array.isArray(value)) return value.filter((item: Json) => isJsonObject(item));
    if (!isJsonObject(value)) return [];
    return [value, ...Object.values(value).filter((item) => isJsonObject(item))];
  });
  return parts.slice(0, mostParts);
}

/** A part whose state nobody knows has no opinion. */
function partHealth(part: JsonObject, generation: number): Health | undefined {
  const conditions = settled(conditionHealth(conditionsIn(part), generation), undefined);
  const said = [conditions, stateHealth(part, ""), flagHealth(part), countHealth(part)];
  return worstOf(said.filter((one) => one?.status !== "Unknown"));
}

/** Names of fields in which a controller notes that it has dealt with an object. */
const handled = /^(last\w*(sync|update|reconcile|applied)\w*|observed\w+|\w*hash)$/i;

function handledHealth(status: Json | undefined): Health | undefined {
  const isHandled =
    isJsonObject(status) &&
    !tellsState(status) &&
    Object.keys(status).some((field) => handled.test(field));
  return isHandled ? health("Healthy", "its controller has dealt with it") : undefined;
}
