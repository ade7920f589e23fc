import { type ErrorCode, FleetError, type Retry } from "../../core/errors.ts";
import { type Json, type JsonObject, isJsonObject } from "../../core/model/json.ts";

/** One entry of `details.causes` of an API Status. */
interface StatusCause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** What an API server says about a request that it did not carry out. */
export interface StatusFacts {
  readonly status: number;
  /** `NotFound`, `Conflict`, `Invalid`, ...; "" when the answer was no Status. */
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  /** Kind or resource and name that the answer is about (a missing namespace differs from a missing object). */
  readonly about: { readonly kind: string; readonly name: string };
  /** Of a 403 for want of a right: `patch configmaps in namespace default`; "" for all else. */
  readonly missingRight: string;
}

interface RefusalWords {
  readonly asked: string;
  readonly said: string;
  /** Without it, what there is to say of the facts. */
  readonly hint?: string | undefined;
}

/**
 * A refusal with the parts of the Status that callers decide by. Codes: CLUSTER_AUTH (401), CLUSTER_UNREACHABLE (429
 * and 5xx: it will pass), CONFLICT (409 with field manager conflicts), API_REFUSED (all else).
 */
export class ApiError extends FleetError {
  readonly facts: StatusFacts;
  /** The last part of the message: what was answered, without what was asked. */
  readonly said: string;

  constructor({ asked, said, hint: own }: RefusalWords, facts: StatusFacts, retry: Retry) {
    const hint = own ?? hintOf(facts);
    super(codeOf(facts), `${asked}: ${said}`, { retry, ...(hint !== undefined && { hint }) });
    this.name = "ApiError";
    this.facts = facts;
    this.said = said;
  }
}

const missingRightHint = "`flotilla rbac` prints the rights that a worker needs";
const accountRightHint = "`flotilla rbac` prints the rights that it needs, and the namespaces";

const unknownKindHint = "install the CustomResourceDefinition, or correct apiVersion and kind";

/** The cluster does not serve a kind (yet). */
export class UnknownKindError extends FleetError {
  constructor(apiVersion: string, kind: string) {
    super("API_REFUSED", `the cluster does not know ${kind} of ${apiVersion}`, {
      hint: unknownKindHint,
    });
    this.name = "UnknownKindError";
  }
}

/**
 * One request got no answer that can be used: by itself that says something of what was asked (a webhook that hangs, a
 * proxy that knows better), not of the cluster.
 */
export class UnansweredError extends FleetError {
  constructor(message: string, { hint, retry }: Partial<Pick<FleetError, "hint" | "retry">>) {
    super("CLUSTER_UNREACHABLE", message, {
      ...(hint !== undefined && { hint }),
      ...(retry !== undefined && { retry }),
    });
    this.name = "UnansweredError";
  }
}

/** What was asked, for messages: `describe` names the object, `secret` keeps its values out of them. */
export interface RequestSubject {
  readonly verb: string;
  readonly describe: string;
  readonly secret: boolean;
  /** The service account that it was sent as, `namespace/name`; without it, the worker. */
  readonly account?: string | undefined;
}

const maxMessage = 400;

/** Makes an ApiError of an answer; `retryAfterMs` where the server sent Retry-After. */
export function apiErrorOf(
  answer: {
    readonly status: number;
    readonly body: Json | undefined;
    readonly retryAfterMs?: number;
  },
  subject: RequestSubject,
): ApiError {
  const body = isJsonObject(answer.body) ? answer.body : {};
  const facts = factsOf(answer.status, body);
  const said = saidOf(facts, text(body["message"]), subject);
  const words = {
    asked: `cannot ${subject.verb} ${subject.describe}`,
    said: said || `the API server answered ${answer.status}`,
    ...(isOfAccount(facts, subject) && { hint: accountRightHint }),
  };
  const retry: Retry =
    answer.retryAfterMs === undefined ? "backoff" : { afterMs: answer.retryAfterMs };
  return new ApiError(words, facts, retry);
}

/** True when the API server itself did the refusing, so that the cluster is there. */
export function isApiError(error: unknown): error is ApiError {
  return error instanceof ApiError;
}

function hintOf({ status, missingRight }: StatusFacts): string | undefined {
  if (missingRight !== "") return missingRightHint;
  if (status >= 500) return "it is tried again; look at the API server and its webhooks";
  if (status !== 403) return undefined;
  return "its account lacks the right, or a policy of the cluster is against it";
}

/** A right is missing to the account that the request was sent as, and not to the worker who sent it so. */
function isOfAccount({ missingRight }: StatusFacts, { account }: RequestSubject): boolean {
  return account !== undefined && missingRight !== "" && !missingRight.startsWith("impersonate ");
}

function codeOf(facts: StatusFacts): ErrorCode {
  if (facts.status === 401) return "CLUSTER_AUTH";
  if (facts.status === 429 || facts.status >= 500) return "CLUSTER_UNREACHABLE";
  const managed = facts.causes.some((cause) => cause.reason === "FieldManagerConflict");
  return facts.status === 409 && managed ? "CONFLICT" : "API_REFUSED";
}

function factsOf(status: number, body: JsonObject): StatusFacts {
  const details = isJsonObject(body["details"]) ? body["details"] : {};
  const causes = Array.isArray(details["causes"]) ? details["causes"] : [];
  return {
    status,
    reason: text(body["reason"]),
    causes: causes.filter(isJsonObject).map((cause: JsonObject) => ({
      reason: text(cause["reason"]),
      field: text(cause["field"]),
      message: text(cause["message"]),
    })),
    about: { kind: text(details["kind"]), name: text(details["name"]) },
    missingRight: missingRightOf(status, text(body["message"])),
  };
}

function saidOf(facts: StatusFacts, message: string, subject: RequestSubject): string {
  if (facts.missingRight !== "") return saidOfRight(facts, subject);
  return subject.secret ? saidOfSecret(facts) : redactValues(message);
}

function saidOfRight(facts: StatusFacts, subject: RequestSubject): string {
  const { account } = subject;
  if (account === undefined) return `the worker may not ${facts.missingRight}`;
  return isOfAccount(facts, subject)
    ? `service account ${account} may not ${facts.missingRight}`
    : `the worker may not impersonate service account ${account}`;
}

/** What an authorizer refused, in short; "" where it was none. */
function missingRightOf(status: number, message: string): string {
  if (status !== 403) return "";
  if (message.includes("is attempting to grant RBAC permissions not currently held")) {
    return "hand out rights that it does not have itself (it needs escalate or bind)";
  }
  const found =
    /cannot (?<verb>[a-z]+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/.exec(
      message,
    )?.groups;
  if (found === undefined) return "";
  const { verb = "", resource = "", group = "", namespace } = found;
  const where = namespace === undefined ? "in the whole cluster" : `in namespace ${namespace}`;
  return `${verb} ${resource}${group === "" ? "" : `.${group}`} ${where}`;
}

/** Only words that cannot hold a value: reason, fields. */
function saidOfSecret(facts: StatusFacts): string {
  const fields = facts.causes.map((cause) => cause.field).filter((field) => field !== "");
  const where = fields.length === 0 ? "" : ` at ${fields.join(", ").slice(0, 200)}`;
  return facts.reason === "" ? "" : `${facts.reason}${where}`;
}

/** API servers quote the refused value behind `Invalid value:`; long ones and objects may hold what is private. */
function redactValues(message: string): string {
  const redacted = message
    .replaceAll(
      /(?<intro>Invalid value: )(?:"(?:[^"\\]|\\.){33,}"|\{.*?\}(?=: |$)|map\[.*?\](?=: |$))/gs,
      "$<intro>(not shown)",
    )
    .replaceAll(/(?<intro>Bearer )\S+/g, "$<intro>(not shown)");
  return redacted.length > maxMessage ? `${redacted.slice(0, maxMessage)}…` : redacted;
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
