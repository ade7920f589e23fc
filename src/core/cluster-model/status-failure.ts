/** Refusals of the model's API server, as the `Status` objects that a real one answers with. */
import type { Json, JsonObject } from "../model/json.ts";

/** One entry of `details.causes`. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** What an answer is about: `configmaps`, or `deployments` of group `apps`. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** Thrown inside the model by whoever refuses a request; the request's answer is its Status. */
export class StatusFailure extends Error {
  readonly code: number;
  readonly status: JsonObject;

  constructor(code: number, reason: string, about: { message: string; details?: JsonObject }) {
    super(about.message);
    this.name = "StatusFailure";
    this.code = code;
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: about.message,
      reason,
      ...(about.details !== undefined && { details: about.details }),
      code,
    };
  }
}

/** `deployments.apps "web"`. */
function named(subject: Subject, name: string): string {
  return `${resourceName(subject)} ${JSON.stringify(name)}`;
}

/** `deployments.apps`, `configmaps`. */
function resourceName({ group, plural }: Subject): string {
  return group === "" ? plural : `${plural}.${group}`;
}

function details(subject: Subject, name: string, more: JsonObject = {}): JsonObject {
  const { group, plural } = subject;
  return { name, ...(group !== "" && { group }), kind: plural, ...more };
}

export function notFound(subject: Subject, name: string): StatusFailure {
  const message = `${named(subject, name)} not found`;
  return new StatusFailure(404, "NotFound", { message, details: details(subject, name) });
}

export function alreadyExists(subject: Subject, name: string): StatusFailure {
  const message = `${named(subject, name)} already exists`;
  return new StatusFailure(409, "AlreadyExists", { message, details: details(subject, name) });
}

/** 409: somebody else was faster, a precondition fails, or (with causes) other managers own the fields. */
export function conflict(
  subject: Subject,
  name: string,
  why: { readonly message: string; readonly causes?: readonly Cause[] },
): StatusFailure {
  const { causes } = why;
  if (causes !== undefined) {
    return new StatusFailure(409, "Conflict", {
      message: why.message,
      details: { causes: causes.map(causeJson) },
    });
  }
  const message = `Operation cannot be fulfilled on ${named(subject, name)}: ${why.message}`;
  return new StatusFailure(409, "Conflict", { message, details: details(subject, name) });
}

export function forbidden(
  subject: Subject,
  name: string,
  why: { readonly message: string; readonly causes?: readonly Cause[] },
): StatusFailure {
  const message = `${named(subject, name)} is forbidden: ${why.message}`;
  const causes = why.causes?.map(causeJson);
  return new StatusFailure(403, "Forbidden", {
    message,
    details: details(subject, name, causes === undefined ? {} : { causes }),
  });
}

/** 422 with a cause for every field that is wrong. */
export function invalid(
  { group, kind }: Subject,
  name: string,
  causes: readonly Cause[],
): StatusFailure {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const said = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const qualified = group === "" ? kind : `${kind}.${group}`;
  return new StatusFailure(422, "Invalid", {
    message: `${qualified} ${JSON.stringify(name)} is invalid: ${said}`,
    details: { name, ...(group !== "" && { group }), kind, causes: causes.map(causeJson) },
  });
}

export function badRequest(message: string): StatusFailure {
  return new StatusFailure(400, "BadRequest", { message });
}

export function methodNotAllowed(): StatusFailure {
  const message = "the server does not allow this method on the requested resource";
  return new StatusFailure(405, "MethodNotAllowed", { message, details: {} });
}

export function notAcceptable(): StatusFailure {
  const message =
    "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
  return new StatusFailure(406, "NotAcceptable", { message, details: {} });
}

export function unsupportedMediaType(accepted: readonly string[]): StatusFailure {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new StatusFailure(415, "UnsupportedMediaType", { message, details: {} });
}

/** 410: what was asked for is older than what is kept. */
export function expired(message: string): StatusFailure {
  return new StatusFailure(410, "Expired", { message });
}

/** 501: a request outside of what the model promises. */
export function notModelled(what: string): StatusFailure {
  const message = `the cluster simulator does not answer ${what}`;
  return new StatusFailure(501, "NotImplemented", { message });
}

/** `Invalid value: "x": why`. */
export function invalidValue(field: string, value: Json, why: string): Cause {
  const message = `Invalid value: ${JSON.stringify(value)}: ${why}`;
  return { reason: "FieldValueInvalid", message, field };
}

/** `Required value: why`. */
export function requiredValue(field: string, why = ""): Cause {
  const message = why === "" ? "Required value" : `Required value: ${why}`;
  return { reason: "FieldValueRequired", message, field };
}

function causeJson({ reason, message, field }: Cause): JsonObject {
  return { reason, message, field };
}
