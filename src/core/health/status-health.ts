/** What the status of a kind says that nobody told us about: conditions first, then states, flags, counts. */
import { type JsonObject, isJsonObject } from "../model/json.ts";
import { conditionHealth, summaryIn } from "./condition-health.ts";
import type { Health, HealthStatus } from "./health.ts";
import { at, conditionsIn, conditionsOf, health, listAt, numberAt, textAt } from "./read-object.ts";

/** The health that a status tells; undefined when it tells none. */
export function statusHealth(object: JsonObject): Health | undefined {
  const said = spokenHealth(object) ?? flagHealth(object) ?? countHealth(object);
  if (said?.status === "Healthy") return said;
  const failure = failureOf(object);
  return failure === "" ? (said ?? unstartedHealth(object)) : health("Degraded", failure);
}

/** A summary decides. Without one, the worst of what conditions, parts and state say: none of them speaks for all. */
function spokenHealth(object: JsonObject): Health | undefined {
  const generation = numberAt(object, ["metadata", "generation"]);
  const conditions = conditionsOf(object);
  const own = conditionHealth(conditions, generation);
  if (own !== undefined && summaryIn(conditions) !== undefined) return own;
  return worst([own, ...partsHealth(object, generation), stateHealth(object)]);
}

/** From best to worst. */
const order: readonly HealthStatus[] = [
  "Healthy",
  "Suspended",
  "Progressing",
  "Missing",
  "Degraded",
];

function worst(all: readonly (Health | undefined)[]): Health | undefined {
  return all
    .filter((one) => one !== undefined)
    .toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status))
    .at(-1);
}

/** What it says went wrong, where it is not healthy all the same. */
function failureOf(object: JsonObject): string {
  const texts = [
    textAt(object, "status", "failureMessage"),
    textAt(object, "status", "failureReason"),
    textAt(object, "status", "errorMessage"),
    textAt(object, "status", "error"),
    textAt(object, "status", "error", "message"),
  ];
  return texts.find((text) => text !== "") ?? "";
}

/** What its parts say, such as a route at each of its gateways. */
function partsHealth(object: JsonObject, generation: number): readonly (Health | undefined)[] {
  const status = at(object, "status");
  const parts = isJsonObject(status) ? Object.keys(status) : [];
  return parts
    .filter((field) => field !== "conditions")
    .flatMap((field) => listAt(object, "status", field))
    .map((part) => conditionHealth(conditionsIn(part), generation));
}

const states = {
  Degraded:
    /(failed|failure|error|errored|invalid)$|^(degraded|unhealthy|crashed|lost|broken|unavailable|rejected|offline|down|timeout|aborted|deadlineexceeded|warning|non-?compliant)$/i,
  Missing: /^not ?found$/i,
  Suspended: /^(suspended|paused|stopped|hibernated|halted|disabled|suspending)$/i,
  Progressing:
    /^(pending|progressing|creating|provisioning|updating|upgrading|deleting|terminating|initializing|starting|waiting|installing|reconciling|scaling|deploying|in ?progress|syncing|scheduled|new|scheduling|restarting|configuring|queued|processing)$/i,
  Healthy:
    /^(ready|running|active|available|bound|healthy|succeeded|success|successful|complete|completed|online|deployed|synced|established|created|provisioned|ok|up|valid|normal|installed|enabled|connected|sealed|accepted|exists|compliant)$/i,
} satisfies Partial<Record<HealthStatus, RegExp>>;

const stateFields: readonly (readonly string[])[] = [
  ["phase"],
  ["state"],
  ["status"],
  ["health"],
  ["health", "status"],
  ["currentState"],
  ["compliant"],
];

function stateHealth(object: JsonObject): Health | undefined {
  const known = stateFields.map((path) => textAt(object, "status", ...path));
  const state = known.find((text) => text !== "") ?? onlyState(object);
  const said = textAt(object, "status", "message") || textAt(object, "status", "reason");
  const words = Object.entries(states) as [keyof typeof states, RegExp][]; // a record's own keys
  const status = words.find(([, pattern]) => pattern.test(state))?.[0];
  if (status === undefined) return undefined;
  const isUnderWay = status === "Healthy" && /^running$/i.test(state) && isRun(object);
  return health(isUnderWay ? "Progressing" : status, said || `state ${state}`);
}

/** The one field that is a state by its name, such as `clusterStatus` (not `lastBackupStatus`); "" where not just one is. */
function onlyState(object: JsonObject): string {
  const status = at(object, "status");
  const entries = isJsonObject(status) ? Object.entries(status) : [];
  const named = entries.filter(
    ([field, value]) =>
      /^(?!last).*(State|Status|Phase|Health)$/.test(field) && typeof value === "string",
  );
  const [only] = named;
  return named.length === 1 && typeof only?.[1] === "string" ? only[1] : "";
}

/** Kinds of things that end: while they run, they have not done yet what they are for. */
function isRun(object: JsonObject): boolean {
  return /(Run|Job|Task|Backup|Restore|Experiment|Workflow|Migration|Execution)$/.test(
    textAt(object, "kind"),
  );
}

function flagHealth(object: JsonObject): Health | undefined {
  const healthy = at(object, "status", "healthy");
  if (typeof healthy === "boolean") {
    return healthy ? health("Healthy") : health("Degraded", "not healthy");
  }
  const ready = at(object, "status", "ready") ?? at(object, "status", "readyToUse");
  if (typeof ready !== "boolean") return undefined;
  return ready ? health("Healthy") : health("Progressing", "not ready");
}

/** By the names that workloads use. */
function countHealth(object: JsonObject): Health | undefined {
  const [ready, available] = [
    at(object, "status", "readyReplicas"),
    at(object, "status", "availableReplicas"),
  ];
  const count = ready ?? available;
  const wanted = at(object, "spec", "replicas") ?? at(object, "status", "replicas");
  if (typeof count !== "number" || typeof wanted !== "number") return undefined;
  return count < wanted
    ? health("Progressing", `${count} of ${wanted} replicas ready`)
    : health("Healthy");
}

/** What shall run once, and says nothing, has not run. */
function unstartedHealth(object: JsonObject): Health | undefined {
  const isUnstarted = at(object, "status") === undefined && isRun(object);
  return isUnstarted ? health("Progressing", "it has not started") : undefined;
}
