import { Ajv, type ValidateFunction } from "ajv";
import type { Static, TSchema } from "typebox";
import { FleetError } from "../core/errors.ts";

/** Gives data as the type of a schema, or what is wrong with it. The schema is compiled at the first use. */
export function dataCheck<S extends TSchema>(
  schema: S,
): (data: unknown) => { readonly value: Static<S> } | { readonly mistake: string } {
  let validate: ValidateFunction | undefined;
  return (data) => {
    validate ??= new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);
    if (validate(data)) return { value: data as Static<S> }; // what the schema has just checked
    const [first] = validate.errors ?? [];
    return { mistake: `${first?.instancePath || "/"} ${first?.message ?? "is wrong"}` };
  };
}

/** Reads stored JSON text of one schema: STATE_CORRUPT, with the path, when it is none. */
export function recordReader<S extends TSchema>(
  schema: S,
): (text: string, path: string) => Static<S> {
  const check = dataCheck(schema);
  return (text, path) => {
    const answer = check(parseJson(text, path));
    if ("value" in answer) return answer.value;
    throw corrupt(path, answer.mistake);
  };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt(path, "it is not JSON", cause);
  }
}

function corrupt(path: string, mistake: string, cause?: unknown): FleetError {
  return new FleetError("STATE_CORRUPT", `${path} cannot be read: ${mistake}`, {
    cause,
    hint: "somebody else wrote to the state folder, or the disk is damaged: restore it from a copy",
    retry: "never",
  });
}
