import { createHash } from "node:crypto";
import { once } from "node:events";
import { get as getPlain, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { get as getOverTls } from "node:https";
import { FleetError } from "../../core/errors.ts";
import { safeUrl, unfetched } from "./safe-url.ts";

/** How something is asked for. */
export interface DownloadOptions {
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Statuses beside 200 that are answers. */
  readonly statuses?: readonly number[];
}

export interface Downloaded {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As the server has them, whatever it says of an encoding: what a digest is of. */
  readonly bytes: Buffer;
}

const timeoutMs = 60_000;
const maxRedirects = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Fetches a URL: over TLS, or from this machine, also where it is redirected to. VENDOR_FAILED. */
export async function download(url: string, options: DownloadOptions): Promise<Downloaded> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const { signal } = options;
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  try {
    return await answerOf(url, options, either);
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    if (signal?.aborted === true) throw signal.reason;
    throw unfetched(url, cause instanceof Error ? reasonOf(cause) : String(cause));
  }
}

async function answerOf(
  url: string,
  { maxBytes, headers = {}, statuses = [] }: DownloadOptions,
  signal: AbortSignal,
): Promise<Downloaded> {
  const response = await follow(safeUrl(url), headers, signal);
  const bytes = await readBounded(response, maxBytes);
  if (bytes === undefined) throw unfetched(url, `it has more than ${maxBytes} bytes`);
  const { statusCode: status = 0 } = response;
  if (status !== 200 && !statuses.includes(status)) throw unfetched(url, `it answers ${status}`);
  return { status, headers: response.headers, bytes };
}

/** Of what ended early, and of what came to an end at several addresses, the reason lies deeper. */
function reasonOf(error: Error): string {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  if (inner instanceof Error) return reasonOf(inner);
  const isUnknown = "code" in error && ["ENOTFOUND", "EAI_AGAIN"].includes(String(error.code));
  return isUnknown ? "its host has a name that is not known" : error.message;
}

/** Each hop is looked at before it is asked; another origin gets no headers, for a token may be among them. */
async function follow(
  from: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let url = from;
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    const own = url.origin === from.origin ? headers : {};
    const response = await ask(url, own, signal);
    const { location } = response.headers;
    if (!redirects.has(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    url = safeUrl(location, url);
  }
  throw unfetched(from.href, `it is redirected more than ${maxRedirects} times`);
}

/**
 * Not with `fetch`, which decodes what is encoded: many servers call a .tgz that lies there encoded, for its gzip is all
 * they know of it. As Helm does, the bytes are taken as they come.
 */
async function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const get = url.protocol === "https:" ? getOverTls : getPlain;
  const request = get(url, { headers: { ...headers, "accept-encoding": "identity" }, signal });
  const [response] = (await once(request, "response")) as [IncomingMessage]; // the event gives it
  return response;
}

/** undefined for more than so many bytes. */
async function readBounded(
  response: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Throws unless the bytes have this sha256 (hex). */
export function requireDigest(bytes: Buffer, expected: string, what: string): void {
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found === expected) return;
  throw new FleetError("VENDOR_FAILED", `${what} has the sha256 ${found}, not ${expected}`, {
    hint: "somebody has changed it on the way, or the repository is out of order",
    retry: "never",
  });
}
