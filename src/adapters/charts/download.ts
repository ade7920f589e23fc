import { createHash } from "node:crypto";
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
  readonly headers: Headers;
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
  const { status } = response;
  if (status !== 200 && !statuses.includes(status)) throw unfetched(url, `it answers ${status}`);
  return { status, headers: response.headers, bytes };
}

/** Of what `fetch` throws the reason is in its cause; its own words say that it failed. */
function reasonOf(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const isUnknown = "code" in cause && ["ENOTFOUND", "EAI_AGAIN"].includes(String(cause.code));
  return isUnknown ? "its host has a name that is not known" : cause.message;
}

/** Each hop is looked at before it is asked; another origin gets no headers, for a token may be among them. */
async function follow(
  from: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  let url = from;
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    const own = url.origin === from.origin ? headers : {};
    const response = await fetch(url, { headers: own, signal, redirect: "manual" });
    const location = response.headers.get("location");
    if (!redirects.has(response.status) || location === null) return response;
    await response.body?.cancel();
    url = safeUrl(location, url);
  }
  throw unfetched(from.href, `it is redirected more than ${maxRedirects} times`);
}

async function readBounded(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw unfetched(response.url, `it has more than ${maxBytes} bytes`);
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
