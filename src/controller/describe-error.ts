import type { FleetError } from "../core/errors.ts";

/** A failure in one line: what, its code, what to do. */
export function describeError({ message, code, hint }: FleetError): string {
  return `${message} (${code})${hint === undefined ? "" : `; ${hint}`}`;
}
