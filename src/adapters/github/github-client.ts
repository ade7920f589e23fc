import { Octokit, RequestError } from "octokit";
import { FleetError } from "../../core/errors.ts";
import { redactText } from "../../runtime/redact.ts";
import { retryAfterMs } from "../http/retry-after.ts";
import type { Status, StatusState } from "./status-table.ts";

/** One commit of one repository, and the name that the status stands under. */
interface StatusKey {
  /** `owner/name`. */
  readonly repository: string;
  readonly sha: string;
  readonly context: string;
}

/**
 * What a failed call means. `unclear`: a create may have happened all the same; `wait`: not now, nothing was done;
 * `refused`: this request will never be taken.
 */
export type FailureKind = "unclear" | "wait" | "refused";

/** GITHUB_FAILED, with what the caller has to do about it. */
export class GitHubError extends FleetError {
  readonly kind: FailureKind;
  /** How long GitHub asks to be left alone, ms; undefined when it does not say. */
  readonly afterMs: number | undefined;

  constructor(kind: FailureKind, message: string, options: { afterMs?: number; hint?: string }) {
    super("GITHUB_FAILED", message, options.hint === undefined ? {} : { hint: options.hint });
    this.name = "GitHubError";
    this.kind = kind;
    this.afterMs = options.afterMs;
  }
}

type PostedStatus = Status & { readonly at: number };

/** The few calls that Flotilla makes. Each is one HTTP exchange (a look-up one per page), never repeated by itself. */
export interface GitHubClient {
  /** Creates a status; tells how long to leave GitHub alone afterwards (0: the quota is not used up). */
  createStatus(key: StatusKey, status: Status, signal: AbortSignal): Promise<{ pauseMs: number }>;
  /** The status that GitHub shows for commit and context, and since when (ms); null when there is none. */
  newestStatus(key: StatusKey, signal: AbortSignal): Promise<PostedStatus | null>;
}

export interface GitHubClientOptions {
  /** Default `https://api.github.com`; GitHub Enterprise Server: `https://HOST/api/v3`. */
  readonly apiUrl?: string;
  /** Asked before each request. */
  readonly token: () => Promise<string>;
  /** Wall time, ms. */
  readonly now: () => number;
  /** Default 30,000. */
  readonly timeoutMs?: number;
}

const maxPages = 200;

/** A client through octokit, without its retries and throttling: those are the caller's, who knows what is a create. */
export function createGitHubClient(options: GitHubClientOptions): GitHubClient {
  const octokit = connect(options);
  const { now, timeoutMs = 30_000 } = options;
  const within = (signal: AbortSignal): AbortSignal =>
    AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  return {
    createStatus: async (key, status, signal) => {
      const { description, state, targetUrl } = status;
      const parameters = { ...place(key), sha: key.sha, context: key.context, state, description };
      const target = targetUrl === undefined ? {} : { target_url: targetUrl };
      const request = { signal: within(signal) };
      const { headers } = await told(now, () =>
        octokit.rest.repos.createCommitStatus({ ...parameters, ...target, request }),
      );
      return { pauseMs: untilQuota(headers, now()) };
    },
    newestStatus: (key, signal) => told(now, () => findNewest(octokit, key, within(signal))),
  };
}

function connect({ apiUrl = "https://api.github.com", token }: GitHubClientOptions): Octokit {
  const silent = (): void => undefined;
  const octokit = new Octokit({
    baseUrl: checkedUrl(apiUrl),
    userAgent: "flotilla",
    retry: { enabled: false },
    throttle: { enabled: false },
    log: { debug: silent, info: silent, warn: silent, error: silent },
  });
  octokit.hook.before("request", async (request) => {
    request.headers["x-github-api-version"] = "2022-11-28";
    request.headers.authorization = `Bearer ${await token()}`;
  });
  return octokit;
}

function checkedUrl(apiUrl: string): string {
  const url = URL.parse(apiUrl);
  const isLocal = url !== null && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url === null || !(url.protocol === "https:" || (url.protocol === "http:" && isLocal))) {
    throw new FleetError("USAGE", `github.apiUrl "${redactText(apiUrl)}" is not an https URL`, {
      hint: "write https://api.github.com or https://HOST/api/v3",
      retry: "never",
    });
  }
  return apiUrl.replace(/\/+$/, "");
}

function place({ repository }: StatusKey): { owner: string; repo: string } {
  const [owner = "", repo = ""] = repository.split("/");
  return { owner, repo };
}

/** Statuses come newest first; contexts differ only beyond upper and lower case. */
async function findNewest(
  octokit: Octokit,
  key: StatusKey,
  signal: AbortSignal,
): Promise<PostedStatus | null> {
  const parameters = { ...place(key), ref: key.sha, per_page: 100, request: { signal } };
  const pages = octokit.paginate.iterator(octokit.rest.repos.listCommitStatusesForRef, parameters);
  let count = 0;
  for await (const { data } of pages) {
    const found = asStatuses(data).find(
      ({ context }) => context.toLowerCase() === key.context.toLowerCase(),
    );
    if (found !== undefined) return found.status;
    count += 1;
    if (count >= maxPages) throw unreadable();
  }
  return null;
}

/** Octokit hands on whatever came with 200, be it a proxy's page: that must not pass for "nothing is there". */
function asStatuses(data: unknown): { context: string; status: PostedStatus }[] {
  if (!Array.isArray(data)) throw unreadable();
  return data.map((item: Record<string, unknown> | null) => {
    const { context, state, description, target_url: target, created_at: created } = item ?? {};
    if (typeof context !== "string" || !isState(state)) throw unreadable();
    return {
      context,
      status: {
        state,
        description: typeof description === "string" ? description : "",
        ...(typeof target === "string" ? { targetUrl: target } : {}),
        at: typeof created === "string" ? Date.parse(created) || 0 : 0,
      },
    };
  });
}

function isState(value: unknown): value is StatusState {
  return value === "pending" || value === "success" || value === "failure" || value === "error";
}

function unreadable(): GitHubError {
  return new GitHubError("unclear", "GitHub's list of statuses cannot be read", {});
}

async function told<T>(now: () => number, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof FleetError) throw error;
    throw explain(error, now());
  }
}

function explain(error: unknown, now: number): GitHubError {
  const message = error instanceof Error ? redactText(error.message) : "unknown failure";
  const response = error instanceof RequestError ? error.response : undefined;
  if (response === undefined) {
    return new GitHubError("unclear", `GitHub does not answer: ${message}`, {});
  }
  const { status, headers } = response;
  const text = `GitHub answered ${status}: ${message}`;
  const hint = hintByStatus[status];
  const askedMs = retryAfterMs(headers["retry-after"], now);
  const afterMs = askedMs ?? (untilQuota(headers, now) || undefined);
  return new GitHubError(kindOf(status), text, {
    ...(hint === undefined ? {} : { hint }),
    ...(afterMs === undefined ? {} : { afterMs }),
  });
}

function kindOf(status: number): FailureKind {
  if (status >= 500 || status === 408) return "unclear";
  return waitStatuses.has(status) ? "wait" : "refused";
}

/** Wrong token, missing right or hidden repository (an operator mends them), and too many requests. */
const waitStatuses: ReadonlySet<number> = new Set([401, 403, 404, 429]);

const hintByStatus: Readonly<Record<number, string>> = {
  401: "the token in github.tokenFile is wrong or has expired",
  403: "the token needs the right to write commit statuses, or GitHub's rate limit is used up",
  404: "check github.repository, and that the token may see it",
};

type Headers = Readonly<Record<string, string | number | undefined>>;

/** Until the quota is there again; 0 while some of it is left. */
function untilQuota(headers: Headers, now: number): number {
  if (String(headers["x-ratelimit-remaining"] ?? "") !== "0") return 0;
  const reset = Number(headers["x-ratelimit-reset"]);
  return Number.isNaN(reset) ? 0 : Math.max(0, reset * 1000 - now);
}
