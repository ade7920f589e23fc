/** What the health rules of users may speak of: the same for validation and for the worker. */
import { CelEnvironment, type CompiledCel } from "../cel/cel-environment.ts";
import { celTypeInWords } from "../cel/cel-types.ts";

const environment = new CelEnvironment({ object: "data" });

/** Compiles a condition: a text that says true or false. */
export function compileCondition(cel: string): CompiledCel {
  return typed(environment.compile(cel), "bool");
}

/** Compiles a message: a text that says a text. */
export function compileMessage(cel: string): CompiledCel {
  return typed(environment.compile(cel), "string");
}

function typed(compiled: CompiledCel, wanted: "bool" | "string"): CompiledCel {
  if (!compiled.ok) return compiled;
  const { type } = compiled.program;
  if (type === wanted || type === "any") return compiled;
  const says = wanted === "bool" ? "a condition says true or false" : "a message says a text";
  const message = `${says}, and this is ${celTypeInWords(type)}`;
  const hint = wanted === "bool" ? "compare it with something" : "write string(…) around it";
  return { ok: false, problems: [{ message, offset: 0, hint }] };
}
