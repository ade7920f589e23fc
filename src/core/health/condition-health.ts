/** Health of kinds that nobody told us about: what their conditions and phases say by common usage. */
import type { JsonObject } from "../model/json.ts";
import type { Health, HealthStatus } from "./health.ts";
import { type Condition, at, conditionsOf, health, healthBy, textAt } from "./read-object.ts";

/** Conditions that tell of trouble while they are True. */
const badWhenTrue = new Set([
  "Stalled",
  "Failed",
  "Failure",
  "Degraded",
  "Error",
  "ReconcileError",
]);
/** Conditions that tell of work while they are True. */
const busyWhenTrue = new Set(["Reconciling", "Progressing", "Pending", "Creating", "Updating"]);
/** Conditions that say that all is well while they are True, the most telling first. */
const goodWhenTrue = [
  "Ready",
  "Available",
  "Healthy",
  "Succeeded",
  "Complete",
  "Completed",
  "Established",
];

/** Reasons of a `Ready: False` that mean waiting, not trouble. */
const waitingReason =
  /(Progress|Reconcil|Creat|Pending|Wait|Provision|Install|Updat|Upgrad|Delet|Starting|Initializ|InFlight|Scheduling|NotReadyYet|Issuing|Dependency)/i;
const brokenReason =
  /(Fail|Error|Invalid|Denied|Forbidden|Unauthorized|NotFound|Missing|Conflict|Crash|Expired)/i;

const phases = {
  Healthy:
    /^(ready|running|active|available|bound|healthy|succeeded|success|successful|complete|completed|online|deployed|synced|established|created|provisioned|ok|up|valid|normal|installed|enabled|connected|sealed)$/i,
  Degraded:
    /^(failed|failure|error|errored|degraded|unhealthy|invalid|crashed|lost|broken|unavailable|rejected|offline|down|timeout|aborted|deadlineexceeded)$/i,
  Progressing:
    /^(pending|progressing|creating|provisioning|updating|upgrading|deleting|terminating|initializing|starting|waiting|installing|reconciling|scaling|deploying|inprogress|in progress|syncing|scheduled|new|scheduling|restarting|configuring|queued|processing)$/i,
  Suspended: /^(suspended|paused|stopped|hibernated|halted|disabled|suspending)$/i,
} satisfies Partial<Record<HealthStatus, RegExp>>;

/** What conditions and phase say; undefined when they say nothing. */
export function statusHealth(object: JsonObject): Health | undefined {
  return conditionHealth(conditionsOf(object)) ?? phaseHealth(object);
}

function conditionHealth(conditions: readonly Condition[]): Health | undefined {
  const trueOnes = conditions.filter((entry) => entry.status === "True");
  const bad = trueOnes.find((entry) => badWhenTrue.has(entry.type));
  if (bad !== undefined) return healthBy("Degraded", bad);
  const good = goodWhenTrue
    .map((type) => conditions.find((entry) => entry.type === type))
    .find((entry) => entry !== undefined);
  const busy = trueOnes.find((entry) => busyWhenTrue.has(entry.type));
  if (good !== undefined && good.status === "False") {
    return busy === undefined ? falseHealth(good) : healthBy("Progressing", busy);
  }
  if (busy !== undefined && (busy.type === "Reconciling" || good === undefined)) {
    return healthBy("Progressing", busy);
  }
  return good === undefined ? undefined : goodHealth(good);
}

function goodHealth(entry: Condition): Health {
  return entry.status === "True"
    ? health("Healthy", entry.message)
    : healthBy("Progressing", entry);
}

/** A condition that should be True and is not: trouble where its reason says so, else work. */
function falseHealth(entry: Condition): Health {
  if (brokenReason.test(entry.reason) && !entry.reason.endsWith("InProgress")) {
    return healthBy("Degraded", entry);
  }
  if (waitingReason.test(entry.reason) || entry.reason === "")
    return healthBy("Progressing", entry);
  return healthBy(brokenReason.test(entry.message) ? "Degraded" : "Progressing", entry);
}

const phaseFields: readonly (readonly string[])[] = [
  ["status", "phase"],
  ["status", "state"],
  ["status", "status"],
  ["status", "health"],
  ["status", "health", "status"],
  ["status", "currentState"],
];

function phaseHealth(object: JsonObject): Health | undefined {
  for (const path of phaseFields) {
    const phase = textAt(object, ...path);
    if (phase === "") continue;
    const said = textAt(object, "status", "message") || textAt(object, "status", "reason");
    for (const status of ["Healthy", "Degraded", "Progressing", "Suspended"] as const) {
      if (phases[status].test(phase)) return health(status, said || `phase ${phase}`);
    }
  }
  return typeof at(object, "status", "ready") === "boolean"
    ? readyHealth(at(object, "status", "ready") === true)
    : undefined;
}

function readyHealth(isReady: boolean): Health {
  return isReady ? health("Healthy") : health("Progressing", "not ready");
}
