/** Every code of a FleetError; docs/reference/errors.md explains each (a test compares the two). */
export const errorCodes = {
  USAGE: "the command line or a config file is wrong",
  BAD_SELECTOR: "a selector given on the command line cannot be parsed",
  INVALID_FLEET: "the fleet repository has mistakes; nothing was started",
  GIT_FAILED: "a git command failed",
  GIT_AUTH: "the remote refused the credentials",
  GIT_NOT_FOUND: "a repository, revision or path does not exist",
  GIT_TIMEOUT: "a git command did not end in time",
  GIT_CORRUPT: "objects are missing or damaged",
  TOOL_MISSING: "kustomize or helm was not found",
  TOOL_VERSION: "kustomize or helm is not of the version that the Fleet names",
  TOOL_FAILED: "kustomize or helm did not come to an end: nobody knows whether its source is right",
  VENDOR_FAILED: "what is to be brought into the repository is not there, or not what it should be",
  REF_RACE: "another writer moved a ref first",
  HISTORY_REWRITTEN: "the new head does not descend from the last one",
  EMPTY_SOURCE: "the repository or branch is empty",
  CONTROL_LOST: "control is missing or older than a mirror; everything is held",
  MIRROR_INVALID: "a mirror commit is incomplete or contradicts its trailer",
  STALE_EPOCH: "the controller that wrote this is not the newest leader",
  CLUSTER_UNREACHABLE: "a cluster does not answer",
  CLUSTER_AUTH: "a cluster refused the credentials",
  CLUSTER_CHANGED: "the cluster is not the one this site had before",
  API_REFUSED: "the API server refused a request",
  CONFLICT: "another manager owns a field or the object belongs to another app",
  CONTROLLER_UNREACHABLE: "the controller does not answer",
  WORKER_SILENT: "the worker of a site does not answer",
  BAD_REQUEST: "an HTTP request cannot be read or asks for something impossible",
  NOT_FOUND: "there is no such app, site, release or path",
  NOT_NOW: "the decision does not apply to what is there now",
  UNAUTHORIZED: "a token is missing or wrong",
  FORBIDDEN: "the caller's role does not allow this",
  ISSUER_UNREACHABLE: "the OpenID Connect issuer does not give its keys",
  GITHUB_FAILED: "GitHub refused a request or does not answer",
  SECRET_SEALED: "a SOPS file cannot be opened: no key fits, or it is not as SOPS wrote it",
  SECRET_UNAVAILABLE: "a Secret that an app gets from its region is not there, or may not be read",
  STATE_CORRUPT: "a stored record cannot be read",
  STATE_UNWRITABLE: "the worker's state cannot be written",
  WORKER_STOPPED:
    "this worker was stopped for a while, and asks the mirror before it writes anything",
  DEMO_FAILED: "a process of the demo does not run, or no demo runs",
} as const;

/** A code of `errorCodes`. */
export type ErrorCode = keyof typeof errorCodes;

/** What to do after a failure: back off and try again, never (a person must act), or come back after a time. */
export type Retry = "backoff" | "never" | { readonly afterMs: number };

/** An expected failure. Anything else that is thrown is a bug. */
export class FleetError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retry: Retry;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; hint?: string; retry?: Retry } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "FleetError";
    this.code = code;
    this.hint = options.hint;
    this.retry = options.retry ?? "backoff";
  }
}
