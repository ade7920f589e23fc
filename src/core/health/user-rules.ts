/**
 * Health by the rules of users. In: a rule and an object. Out: its health; what cannot be worked out is Unknown, with the
 * reason, and never Healthy.
 */
import type { CompiledCel } from "../cel/cel-environment.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";
import type { HealthRule } from "../protocol/mirror-layout.ts";
import type { Health, HealthStatus } from "./health.ts";
import { health } from "./read-object.ts";
import { compileCondition, compileMessage } from "./rule-language.ts";

/** True for the kind of which no rule may speak: what a rule says, and why it fails, is told outside of the region. */
export function isOfSecrets({
  apiVersion,
  kind,
}: Pick<HealthRule, "apiVersion" | "kind">): boolean {
  return kind === "Secret" && groupOf(apiVersion) === "";
}

/** What a rule makes of an object; of a Secret it sees no values. */
export function healthByRule(rule: HealthRule, live: JsonObject): Health {
  const object = isOfSecrets(rule) ? withoutValues(live) : live;
  try {
    const status = statusOf(rule, object);
    const message = rule.message === undefined ? "" : messageOf(rule.message, object);
    return health(status, message);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return health("Unknown", `the rule for ${rule.kind} gives no answer: ${error.message}`);
  }
}

/** Other tools keep whole Secrets in annotations. */
function withoutValues(secret: JsonObject): JsonObject {
  const { data: _data, stringData: _stringData, metadata, ...rest } = secret;
  if (!isJsonObject(metadata)) return rest;
  const { annotations: _annotations, ...others } = metadata;
  return { ...rest, metadata: others };
}

class RuleError extends Error {}

function statusOf(rule: HealthRule, object: JsonObject): HealthStatus {
  const asked: readonly (readonly [HealthStatus, string | undefined])[] = [
    ["Degraded", rule.degraded],
    ["Suspended", rule.suspended],
    ["Progressing", rule.progressing],
    ["Healthy", rule.healthy],
  ];
  for (const [status, cel] of asked) {
    if (cel !== undefined && holds(cel, object)) return status;
  }
  return "Progressing";
}

function holds(cel: string, object: JsonObject): boolean {
  const value = evaluate(compileCondition(cel), object);
  if (typeof value === "boolean") return value;
  throw new RuleError(`\`${cel}\` says neither true nor false`);
}

function messageOf(cel: string, object: JsonObject): string {
  const value = evaluate(compileMessage(cel), object);
  if (typeof value === "string") return value;
  throw new RuleError(`\`${cel}\` gives no text`);
}

function evaluate(compiled: CompiledCel, object: JsonObject): Json {
  if (!compiled.ok) throw new RuleError(compiled.problems[0]?.message ?? "");
  const outcome = compiled.program.evaluate({ object });
  if (!outcome.ok) throw new RuleError(outcome.problem.message);
  return outcome.value;
}
