import type { Static, TSchema } from "typebox";
import { FleetError } from "../core/errors.ts";
import { dataCheck } from "../core/model/data-check.ts";

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
