import { type ErrorCode, errorCodes, FleetError } from "../../core/errors.ts";
import { type Fetch, type FetchAnswer, isCertificateProblem } from "./trusting-fetch.ts";

const timeoutMs = 30_000;

/** Who is asked, and what to look at when it does not answer as it should. */
export interface Server {
  readonly name: string;
  readonly silentHint: string;
  /** Where plain http is cut off, as by a server that takes TLS; default: none. */
  readonly cutOffHint?: string;
  readonly wrongUrlHint: string;
  readonly tokenHint: string;
  readonly untrustedHint: string;
}

export interface Call {
  readonly server: Server;
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string;
  readonly path: string;
  readonly body: unknown;
  /** Default: Node's own. */
  readonly fetch?: Fetch;
}

/**
 * One request with JSON in both directions, GET without a body and POST with one. Throws a FleetError: of the code that
 * the server answered, or CONTROLLER_UNREACHABLE.
 */
export async function askJson(call: Call): Promise<unknown> {
  const { response, text } = await exchange(call);
  const answer = parseObject(text);
  if (response.ok && answer !== undefined) return answer;
  if (answer !== undefined) throw refusal(call, response.status, answer);
  throw new FleetError(
    "CONTROLLER_UNREACHABLE",
    `${call.url} answers ${response.status} with something else than JSON`,
    { hint: call.server.wrongUrlHint },
  );
}

async function exchange({
  server,
  url,
  token,
  path,
  body,
  fetch: ask = fetch,
}: Call): Promise<{ response: FetchAnswer; text: string }> {
  try {
    const response = await ask(url + path, {
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
  } catch (error) {
    if (error instanceof FleetError) throw error;
    const cause = rootCause(error);
    const isUntrusted = isCertificateProblem(cause);
    const what = isUntrusted ? "has a certificate that is not trusted" : "does not answer";
    throw new FleetError("CONTROLLER_UNREACHABLE", `${server.name} at ${url} ${what}`, {
      cause,
      hint: isUntrusted ? server.untrustedHint : silentHint(server, url, cause),
    });
  }
}

function silentHint({ silentHint: hint, cutOffHint }: Server, url: string, cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown }; // of Node's errors
  const isCutOff = code === "UND_ERR_SOCKET" || code === "ECONNRESET";
  return isCutOff && url.startsWith("http:") ? (cutOffHint ?? hint) : hint;
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
    ...(status === 404 && code === "BAD_REQUEST" ? [call.server.wrongUrlHint] : []),
    ...(status === 401 ? [call.server.tokenHint] : []),
  ];
  return new FleetError(
    known ? (code as ErrorCode) : "CONTROLLER_UNREACHABLE", // just looked up
    typeof message === "string" ? message : `${call.url} answers ${status}`,
    { retry: "never", ...(hints.length === 0 ? {} : { hint: hints.join("; ") }) },
  );
}
