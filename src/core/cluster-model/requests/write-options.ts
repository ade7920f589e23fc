/** What the query of a write asks for. */
import type { ApiRequest } from "../api-request.ts";
import { StatusFailure } from "../status-failure.ts";

/** `manager` is who is recorded in managedFields. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly manager: string;
  readonly force: boolean;
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
}

/** Reads the query; 422 for values that do not exist. */
export function readWriteOptions({ query, userAgent }: ApiRequest): WriteOptions {
  const dryRun = query.getAll("dryRun");
  const wrong = dryRun.find((value) => value !== "All");
  if (wrong !== undefined) throw invalidOption("dryRun", wrong, '"All"');
  const validation = query.get("fieldValidation") ?? "Warn";
  if (validation !== "Ignore" && validation !== "Warn" && validation !== "Strict") {
    throw invalidOption("fieldValidation", validation, '"", "Ignore", "Strict", "Warn"');
  }
  const manager = query.get("fieldManager") ?? "";
  return {
    dryRun: dryRun.length > 0,
    manager: manager || userAgent.split("/")[0] || "unknown",
    force: query.get("force") === "true",
    fieldValidation: validation,
  };
}

function invalidOption(field: string, value: string, supported: string): StatusFailure {
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
  return new StatusFailure(422, "Invalid", {
    message: `PatchOptions.meta.k8s.io "" is invalid: ${field}: ${message}`,
    details: {
      group: "meta.k8s.io",
      kind: "PatchOptions",
      causes: [{ reason: "FieldValueNotSupported", message, field }],
    },
  });
}
