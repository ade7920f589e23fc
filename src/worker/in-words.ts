import type { FleetError } from "../core/errors.ts";

/** A failure as a message tells it: what it is, and what to do. */
export function inWords({ message, hint }: FleetError): string {
  return hint === undefined ? message : `${message} (${hint})`;
}
