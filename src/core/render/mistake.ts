import type { Diagnostic, DiagnosticCode } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";

/** What a diagnostic says. */
export interface Told {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
}

/** A diagnostic of severity `error`. */
export function mistake(place: Place, told: Told): Diagnostic {
  const { file, line, column } = place;
  return { file, line, column, severity: "error", ...told };
}

/** A diagnostic of severity `warning`. */
export function warning(place: Place, told: Told): Diagnostic {
  return { ...mistake(place, told), severity: "warning" };
}

/** So many problems of one kind are told of one object: more follows from the first ones, and each place takes time. */
export const mostProblems = 20;

/** `a.yaml:3:1`, for messages that name a second place; `a.yaml` where no line of it is known. */
export function placeText({ file, line, column }: Place): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}
