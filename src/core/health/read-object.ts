import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { Health, HealthStatus } from "./health.ts";
import { meaningOf } from "./health-words.ts";

/** One entry of `status.conditions`. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** `Error` where only a change of the object helps, by the convention of Cluster API; mostly "". */
  readonly severity: string;
  /** 0 where it names none. */
  readonly observedGeneration: number;
  /** What some kinds write in the place of `True`, `False` or `Unknown` (`Online`); mostly "". */
  readonly state: string;
}

/** The value at a path of fields, undefined where there is none. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = value;
  for (const field of path) found = isJsonObject(found) ? found[field] : undefined;
  return found;
}

/** A number at a path, else the given default. */
export function numberAt(value: Json | undefined, path: readonly string[], absent = 0): number {
  const found = at(value, ...path);
  return typeof found === "number" ? found : absent;
}

/** A text at a path, else "". */
export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

/** The objects in a list at a path. */
export function listAt(value: Json | undefined, ...path: readonly string[]): readonly JsonObject[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter((item: Json) => isJsonObject(item)) : [];
}

/** The conditions of an object. */
export function conditionsOf(object: JsonObject): readonly Condition[] {
  return conditionsIn(at(object, "status"));
}

/** The conditions in a status, or in a part of one. */
export function conditionsIn(status: Json | undefined): readonly Condition[] {
  const told = listAt(status, "conditions").filter((condition) => !isNumber(condition));
  return told.map((condition) => ({
    // Some projects put their name before it (`ACK.Terminal`), or begin it with a small letter.
    type: textAt(condition, "type")
      .replace(/^.*[./]/, "")
      .replace(/^[a-z]/, (letter) => letter.toUpperCase()),
    ...truthOf(condition["status"]),
    reason: textAt(condition, "reason"),
    message: textAt(condition, "message"),
    severity: textAt(condition, "severity"),
    observedGeneration: numberAt(condition, ["observedGeneration"]),
  }));
}

/** A number in the form of a condition (`IPsAvailable`), of which nobody says whether it is good. */
function isNumber(condition: JsonObject): boolean {
  return textAt(condition, "status") === "Unknown" && /^\d+$/.test(textAt(condition, "message"));
}

/** Some kinds write a boolean, or a state in the place of `True`, `False` or `Unknown`. */
function truthOf(status: Json | undefined): Pick<Condition, "status" | "state"> {
  if (typeof status === "boolean") return { status: status ? "True" : "False", state: "" };
  if (typeof status !== "string") return { status: "", state: "" };
  if (/^(True|False|Unknown)?$/.test(status)) return { status, state: "" };
  return { status: meaningOf(status) === "good" ? "True" : status, state: status };
}

/** A condition by type, when it has this status (default `True`). */
export function condition(
  object: JsonObject,
  type: string,
  status = "True",
): Condition | undefined {
  return conditionsOf(object).find((entry) => entry.type === type && entry.status === status);
}

const longestMessage = 400;

/** A Health; its message is one line, and not too long for one. */
export function health(status: HealthStatus, message = ""): Health {
  const line = message.slice(0, longestMessage).replaceAll(/\s+/g, " ").trim();
  return { status, message: message.length > longestMessage ? `${line}…` : line };
}

/** A Health with what a condition says: its message, else its reason. */
export function healthBy(status: HealthStatus, said: Condition): Health {
  return health(status, said.message || said.reason || `${said.type} is ${said.status}`);
}
