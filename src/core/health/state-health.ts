/** What the fields of a status say beside its conditions: states, flags, counts and errors. */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type Health, type HealthStatus, worstOf } from "./health.ts";
import { type Meaning, meaningOf } from "./health-words.ts";
import { at, health, textAt } from "./read-object.ts";

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
];
/** Fields that are a state by their names, such as `clusterStatus`; not of the past or of what is wished for. */
const stateName =
  /^(?!last|previous|desired|target|expected|wanted|initial).*(State|Status|Phase|Health|Stage)$/;

const statusOf: Readonly<Record<Meaning, HealthStatus>> = {
  broken: "Degraded",
  paused: "Suspended",
  waiting: "Progressing",
  good: "Healthy",
};

/** What the states in a status say: the worst of those at its top, else the only one that is named like a state. */
export function stateHealth(status: Json | undefined, kind: string): Health | undefined {
  const said = textAt(status, "message") || textAt(status, "reason");
  const known = [...stateFields.map((path) => stateAt(status, path)), ...healthBelow(status)];
  const judged = [...known, ...onlyState(status, known)].flatMap((text) => {
    const word = wordOf(text, kind);
    return word === undefined ? [] : health(word, said || `state ${text}`);
  });
  return worstOf(judged);
}

function wordOf(text: string, kind: string): HealthStatus | undefined {
  if (/^not ?found$/i.test(text)) return "Missing";
  if (/^(unknown|inconclusive)$/i.test(text)) return "Unknown";
  if (isRun(kind) && /^(running|active)$/i.test(text)) return "Progressing";
  if (/^new$/i.test(text)) return "Progressing";
  const meaning = meaningOf(text);
  return meaning === undefined ? undefined : statusOf[meaning];
}

/** Kinds of things that end: while they run, they have not done yet what they are for. */
export function isRun(kind: string): boolean {
  return /(Run|Job|Task|Backup|Restore|Experiment|Workflow|Build|Migration|Execution|Snapshot)$/.test(
    kind,
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

function onlyState(status: Json | undefined, known: readonly string[]): readonly string[] {
  if (!isJsonObject(status) || known.some((text) => text !== "")) return [];
  const named = Object.entries(status).flatMap(([field, value]) =>
    stateName.test(field) && typeof value === "string" ? value : [],
  );
  return named.length === 1 ? named : [];
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

/** What flags say: `ready: false` is work, any other result that is false trouble, and so is trouble that is true. */
export function flagHealth(status: Json | undefined): Health | undefined {
  if (!isJsonObject(status)) return undefined;
  return worstOf(Object.entries(status).flatMap(([field, value]) => flagWord(field, value) ?? []));
}

const readyFlag = /^(ready|readyToUse|available)$/i;
const resultFlag = /^(healthy|applied|synced|accepted|valid|connected|succeeded|success)$/i;
const troubleFlag = /^(failed|error|invalid|degraded|unhealthy|stalled|noMatch\w*)$/i;

function flagWord(field: string, value: Json): Health | undefined {
  const flag = value === "True" || value === "False" ? value === "True" : value;
  if (typeof flag !== "boolean") return undefined;
  if (readyFlag.test(field))
    return flag ? health("Healthy") : health("Progressing", `not ${field}`);
  if (resultFlag.test(field)) return flag ? health("Healthy") : health("Degraded", `not ${field}`);
  return flag && troubleFlag.test(field) ? health("Degraded", field) : undefined;
}

/** What it says went wrong. */
export function failureOf(object: JsonObject): string {
  const paths = [
    ["failureMessage"],
    ["failureReason"],
    ["errorMessage"],
    ["error"],
    ["error", "message"],
  ];
  return paths.map((path) => textAt(object, "status", ...path)).find((text) => text !== "") ?? "";
}
