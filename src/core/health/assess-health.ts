/**
 * The health of one object. In: the object with its status, and the time where it is a live one. Out: one of six words
 * and a line. A pure function over a table of kinds; a kind that is not in it is told by what conditions, states and
 * counts usually mean, and Unknown is an answer. Whatever it is given, it neither throws nor takes long.
 */
import { isBuiltInGroup } from "../model/built-in-groups.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";
import { builtInRules } from "./built-in-kinds.ts";
import { type Health, worstOf } from "./health.ts";
import { at, health, numberAt, textAt } from "./read-object.ts";
import { healthOfState, isRun } from "./state-words.ts";
import { statusHealth } from "./status-health.ts";

/** True for kinds that have nothing to say once they are applied: configuration, access rules, policies. */
export function isConfigKind(group: string, kind: string): boolean {
  return isBuiltInGroup(group) && !builtInRules.has(`${group}/${kind}`);
}

/** What is known of a live object beside what it says itself. */
export interface Live {
  /** ms since 1970. */
  readonly now: number;
  /** Whether its kind has a status that a controller may write. */
  readonly hasStatus: boolean;
}

/** A user's word on how objects of this kind are. */
type Rule = (object: JsonObject) => Health;

/** Assesses a live object, or one from a file, of which nobody knows how old its status is: then no time has passed. */
export function assessHealth(object: JsonObject, live?: Live, rule?: Rule): Health {
  const group = groupOf(textAt(object, "apiVersion"));
  const kind = textAt(object, "kind");
  const deleted = at(object, "metadata", "deletionTimestamp");
  if (typeof deleted === "string" && deleted !== "") return deletionHealth(object, deleted, live);
  if (rule !== undefined) return isStale(object) ? stale : rule(object);
  if (isConfigKind(group, kind)) return health("Healthy");
  const builtIn = builtInRules.get(`${group}/${kind}`);
  if (builtIn === undefined) return customHealth(object, live);
  if (isStale(object) || (group === "apps" && isUnseen(object))) return stale;
  return builtIn(object);
}

const deletionPatienceMs = 15 * 60_000;

function deletionHealth(object: JsonObject, deleted: string, live?: Live): Health {
  const isStuck = live !== undefined && live.now - Date.parse(deleted) > deletionPatienceMs;
  const finalizers = at(object, "metadata", "finalizers");
  const held = Array.isArray(finalizers) ? finalizers.filter((one) => typeof one === "string") : [];
  const holders = held.length > 0 ? `, held by ${held.slice(0, 3).join(", ")}` : "";
  return health(
    isStuck ? "Degraded" : "Progressing",
    `it is being deleted since ${deleted}${holders}`,
  );
}

const stale = health("Progressing", "its controller has not seen the change yet");

/** Fields in which controllers note the generation that they have dealt with. */
const generationField =
  /^(last|(last)?(observed|evaluated|reconciled|processed|applied|synced))generation$/i;

/** The status speaks of an older generation than the object has. */
export function isStale(object: JsonObject): boolean {
  const generation = numberAt(object, ["metadata", "generation"]);
  const status = at(object, "status");
  if (!isJsonObject(status)) return false;
  return Object.entries(status).some(([field, value]) => {
    if (!generationField.test(field)) return false;
    // Some kinds write the number as text; what is no number is a hash.
    const observed = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
    return typeof observed === "number" && observed < generation;
  });
}

/** The controllers of `apps` always note a generation: without one they have not looked at the object at all. */
function isUnseen(object: JsonObject): boolean {
  const observed = at(object, "status", "observedGeneration");
  return numberAt(object, ["metadata", "generation"]) > 0 && typeof observed !== "number";
}

function customHealth(object: JsonObject, live?: Live): Health {
  if (isSuspended(object)) return health("Suspended", "it is suspended");
  if (isStale(object)) return stale;
  return worstOf([statusHealth(object), markHealth(object)]) ?? silentHealth(object, live);
}

/** Flags by which people stop a thing, or the work on it. */
const suspendField =
  /^(suspend|pause|paused|hibernate|hibernated|stop|stopped|halt|halted|suspended|(reconciliation|reconcile)(Paused|Suspended)|(pause|suspend)Reconcil\w+)$/;
const suspendPlaces = ["updateStrategy", "strategy", "clusterOperation", "runPolicy"];
/** The mark that many controllers heed: `cluster.x-k8s.io/paused`, `example.org/pause-reconciliation`. */
const suspendMark = /\/(paused?|suspended?|hibernat(e|ed|ion))(-?reconcil\w+)?$/i;

/** By its specification, or by a mark. */
function isSuspended(object: JsonObject): boolean {
  const spec = at(object, "spec");
  const places = suspendPlaces.map((field) => at(spec, field));
  const rolling = places.map((one) => at(one, "rollingUpdate"));
  if ([spec, ...places, ...rolling].some(hasSuspendFlag)) return true;
  return ["annotations", "labels"].some((field) => isMarked(at(object, "metadata", field)));
}

function hasSuspendFlag(place: Json | undefined): boolean {
  if (!isJsonObject(place)) return false;
  return Object.entries(place).some(([field, value]) => value === true && suspendField.test(field));
}

function isMarked(marks: Json | undefined): boolean {
  if (!isJsonObject(marks)) return false;
  return Object.entries(marks).some(
    ([key, value]) =>
      suspendMark.test(key) &&
      typeof value === "string" &&
      !/^(false|off|no|0|none|disabled?)$/i.test(value),
  );
}

/** A mark by which a controller tells a state: `shoot.gardener.cloud/status`, `nvidia.com/gpu-driver-upgrade-state`. */
const stateMark = /\/([\w.-]+[.-])?(status|state|health)$/i;

/** Marks are people's as well: only trouble counts, told in a word or two, and none that comes from Git. */
function markHealth(object: JsonObject): Health | undefined {
  const marks = ["annotations", "labels"].flatMap((field) => {
    const found = at(object, "metadata", field);
    const entries = isJsonObject(found) ? Object.entries(found) : [];
    return entries.map(([key, value]) => ({ field, key, value }));
  });
  for (const { field, key, value } of marks) {
    const isWord = typeof value === "string" && /^[\w-]{1,40}$/.test(value);
    if (!isWord || !stateMark.test(key)) continue;
    const isTrouble = healthOfState(value, "") === "Degraded" && !isFromGit(object, field, key);
    if (isTrouble) return health("Degraded", `${key}: ${value}`);
  }
  return undefined;
}

/** An app has applied it: it tells nothing of what has become of the object. */
function isFromGit(object: JsonObject, field: string, key: string): boolean {
  const entries = at(object, "metadata", "managedFields");
  if (!Array.isArray(entries)) return false;
  return entries.some((entry: Json) => {
    const isApp = textAt(entry, "manager").startsWith(appManager);
    return isApp && at(entry, "fieldsV1", "f:metadata", `f:${field}`, `f:${key}`) !== undefined;
  });
}

const appManager = "flotilla/";

/** A controller that writes a status at all has done so by then, also where its own image was to be pulled first. */
const silencePatienceMs = 2 * 60_000;

/**
 * Nothing tells how it is. Most kinds get a status from a controller, which has not come round to it yet. Of a live one
 * that has had its time, or whose kind has no status, nobody is going to tell, and a rollout must not wait for it. But
 * what ends has not ended until it says so. What is configuration by its name (`ProviderConfig`) gets no status.
 */
function silentHealth(object: JsonObject, live?: Live): Health {
  const status = at(object, "status");
  const kind = textAt(object, "kind");
  if (isRun(kind) && (status === undefined || live?.hasStatus === true)) return runHealth(object);
  const isExpected = live === undefined ? undefined : isExpectedYet(object, live);
  if (!hasContent(status)) return emptyHealth(kind, isExpected);
  const isTold = at(status, "conditions") === undefined || isExpected === false;
  return isTold ? silent : untold;
}

/** Nothing is said at all. */
function emptyHealth(kind: string, isExpected: boolean | undefined): Health {
  if (kind.endsWith("Config") && isExpected !== true) return health("Healthy");
  return isExpected === false ? silent : untold;
}

const untold = health("Progressing", "its controller has not told its health yet");

const silent = health("Unknown", "nothing in its status tells its health");

function runHealth(object: JsonObject): Health {
  const isBegun = hasContent(at(object, "status"));
  return health("Progressing", isBegun ? "it has not ended" : "it has not started");
}

function isExpectedYet(object: JsonObject, { now, hasStatus }: Live): boolean {
  const created = Date.parse(textAt(object, "metadata", "creationTimestamp"));
  return hasStatus && now - created < silencePatienceMs;
}

/** Something is said in it: not only empty lists and the like. */
function hasContent(status: unknown): boolean {
  if (typeof status !== "object" || status === null) return false;
  return Object.values(status).some((value: unknown) => {
    if (value === null || value === "") return false;
    return typeof value !== "object" || Object.keys(value).length > 0;
  });
}
