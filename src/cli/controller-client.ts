import { resolve } from "node:path";
import { type ErrorCode, errorCodes, FleetError } from "../core/errors.ts";
import type {
  Decision,
  DecisionAnswer,
  Explanation,
  FleetStatus,
  PageCode,
} from "../core/protocol/api.ts";
import { redactText } from "../runtime/redact.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import type { CliIo, CommandArgs, CommandOptions } from "./command.ts";
import { textOption } from "./output.ts";

/** The options of every command that asks the controller. */
export const controllerOptions = {
  controller: { type: "string" },
  "token-file": { type: "string" },
} satisfies CommandOptions;

/** How the usage texts explain them. */
export const controllerUsage = `  --controller URL   the controller's API (or FLOTILLA_CONTROLLER; default http://127.0.0.1:7420)
  --token-file FILE  file with the API token (or FLOTILLA_TOKEN_FILE): the controller's
                     apiTokenFile, by default <stateDir>/api-token`;

const defaultUrl = "http://127.0.0.1:7420";
const timeoutMs = 30_000;
const wrongUrlHint = "is --controller the URL of a Flotilla controller?";

/** The controller's HTTP API. Each call throws a FleetError: of the controller's own code, or CONTROLLER_UNREACHABLE. */
export interface ControllerClient {
  status(): Promise<FleetStatus>;
  explain(site: string, app: string): Promise<Explanation>;
  decide(decision: Decision): Promise<DecisionAnswer>;
  /** A link into the status page that works once. */
  pageLink(): Promise<{ readonly url: string; readonly endsAt: string }>;
}

/** Reads options and environment; the token only ever comes from a file. */
export async function connectController(args: CommandArgs, io: CliIo): Promise<ControllerClient> {
  const url = checkedUrl(
    textOption(args, "controller") ?? nonEmpty(io.env["FLOTILLA_CONTROLLER"]) ?? defaultUrl,
  );
  const tokenFile = textOption(args, "token-file") ?? nonEmpty(io.env["FLOTILLA_TOKEN_FILE"]);
  if (tokenFile === undefined) {
    throw new FleetError("USAGE", "no token file is given", {
      hint: "set --token-file or FLOTILLA_TOKEN_FILE to the controller's <stateDir>/api-token",
      retry: "never",
    });
  }
  const token = await readTokenFile(resolve(io.cwd, tokenFile));
  const call = <T>(path: string, body?: unknown): Promise<T> =>
    ask({ url, token, path, body }) as Promise<T>; // what the protocol says
  return {
    status: () => call<FleetStatus>("/api/v1/status"),
    explain: (site, app) =>
      call<Explanation>(`/api/v1/explain?${new URLSearchParams({ site, app }).toString()}`),
    decide: ({ verb, ...rest }) =>
      call<DecisionAnswer>(`/api/v1/rollout/${verb}`, { ...rest, ...caller(io) }),
    pageLink: async () => {
      const { path, endsAt } = await call<PageCode>("/api/v1/page-code", {});
      return { url: url + path, endsAt };
    },
  };
}

/** Who decides, as the shell knows them: recorded beside the reason, proof of nothing. */
function caller({ env }: CliIo): { by?: string } {
  const by = nonEmpty(env["USER"]) ?? nonEmpty(env["LOGNAME"]);
  return by === undefined ? {} : { by: by.slice(0, 100) };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function checkedUrl(text: string): string {
  const url = URL.parse(text);
  const isLocal = url !== null && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  const isFine = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
  if (!isFine || url.username !== "" || url.password !== "") {
    throw new FleetError("USAGE", `cannot use the controller URL ${redactText(text)}`, {
      hint: "http only to this machine, else https, without credentials: http://127.0.0.1:7420",
      retry: "never",
    });
  }
  return text.replace(/\/+$/, "");
}

interface Call {
  readonly url: string;
  readonly token: string;
  readonly path: string;
  readonly body: unknown;
}

async function ask(call: Call): Promise<unknown> {
  const { response, text } = await exchange(call);
  const answer = parseObject(text);
  if (response.ok && answer !== undefined) return answer;
  if (answer !== undefined) throw refusal(call, response.status, answer);
  throw new FleetError(
    "CONTROLLER_UNREACHABLE",
    `${call.url} answers ${response.status} with something else than JSON`,
    { hint: wrongUrlHint },
  );
}

async function exchange({
  url,
  token,
  path,
  body,
}: Call): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A redirect would carry the token to another place.
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { response, text: await response.text() };
  } catch (cause) {
    throw new FleetError("CONTROLLER_UNREACHABLE", `the controller at ${url} does not answer`, {
      cause: rootCause(cause),
      hint: "is `flotilla controller` running? set --controller or FLOTILLA_CONTROLLER to its URL",
    });
  }
}

/** `fetch failed` says nothing; its cause does. */
function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined; // just looked
  } catch {
    return undefined;
  }
}

/** The controller's own refusal, as it said it. */
function refusal(call: Call, status: number, answer: Record<string, unknown>): FleetError {
  const { code, message, hint } = answer;
  const known = typeof code === "string" && Object.hasOwn(errorCodes, code);
  const hints = [
    ...(typeof hint === "string" ? [hint] : []),
    ...(status === 404 && code === "BAD_REQUEST" ? [wrongUrlHint] : []),
    ...(status === 401 ? ["--token-file must name the file that this controller wrote"] : []),
  ];
  return new FleetError(
    known ? (code as ErrorCode) : "CONTROLLER_UNREACHABLE", // just looked up
    typeof message === "string" ? message : `${call.url} answers ${status}`,
    { retry: "never", ...(hints.length === 0 ? {} : { hint: hints.join("; ") }) },
  );
}
