import type { ServerResponse } from "node:http";
import { type ErrorCode, FleetError } from "../../core/errors.ts";
import { redactText } from "../../runtime/redact.ts";

/** A refusal whose HTTP status does not follow from its code. */
export class HttpRefusal extends FleetError {
  readonly status: number;

  constructor(status: number, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super("BAD_REQUEST", message, { ...options, retry: "never" });
    this.name = "HttpRefusal";
    this.status = status;
  }
}

/** Codes that are the caller's doing; every other code is 500, or 503 when it passes by itself. */
const statusByCode: Partial<Record<ErrorCode, number>> = {
  BAD_REQUEST: 400,
  BAD_SELECTOR: 400,
  USAGE: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  GIT_NOT_FOUND: 404,
  NOT_FOUND: 404,
  CONFLICT: 409,
  NOT_NOW: 409,
  CONTROL_LOST: 409,
};

/** The HTTP status of an expected failure. */
export function statusOf(error: FleetError): number {
  if (error instanceof HttpRefusal) return error.status;
  return statusByCode[error.code] ?? (error.retry === "never" ? 500 : 503);
}

/** Answers `{code, message, hint?}`; a bug says only that it is one. */
export function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    // Half an answer went out: cutting the connection is the only way to say that it is not whole.
    response.destroy();
    return;
  }
  const isExpected = error instanceof FleetError;
  const status = isExpected ? statusOf(error) : 500;
  const body = isExpected
    ? {
        code: error.code,
        message: redactText(error.message),
        ...(error.hint === undefined ? {} : { hint: redactText(error.hint) }),
      }
    : { code: "INTERNAL", message: "internal error; the log of this process has the details" };
  if (status === 401) {
    response.setHeader("www-authenticate", ['Basic realm="flotilla"', 'Bearer realm="flotilla"']);
  }
  answerJson(response, status, body);
}

/** Writes one JSON answer. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body ?? null)}\n`;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}
