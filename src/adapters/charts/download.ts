import { createHash } from "node:crypto";
import { FleetError } from "../../core/errors.ts";

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

/** Fetches a URL: over TLS, or from this machine. VENDOR_FAILED. */
export async function download(url: string, options: DownloadOptions): Promise<Downloaded> {
  requireSafe(url);
  const timeout = AbortSignal.timeout(timeoutMs);
  const { signal } = options;
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  try {
    return await answerOf(url, options, either);
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    if (signal?.aborted === true) throw signal.reason;
    throw failed(url, cause instanceof Error ? reasonOf(cause) : String(cause), cause);
  }
}

async function answerOf(
  url: string,
  { maxBytes, headers = {}, statuses = [] }: DownloadOptions,
  signal: AbortSignal,
): Promise<Downloaded> {
  const response = await fetch(url, { headers, signal });
  requireSafe(response.url);
  const bytes = await readBounded(response, maxBytes);
  const { status } = response;
  if (status !== 200 && !statuses.includes(status)) throw failed(url, `it answers ${status}`);
  return { status, headers: response.headers, bytes };
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** What comes over plain HTTP may be anybody's. */
function requireSafe(url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:" || (protocol === "http:" && isLoopback(hostname))) return;
  throw failed(url, "only https is fetched, and http from this machine");
}

/** True for a name of this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

async function readBounded(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw failed(response.url, `it has more than ${maxBytes} bytes`);
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

function failed(url: string, why: string, cause?: unknown): FleetError {
  const shown = url.replace(/\?.*$/s, "");
  return new FleetError("VENDOR_FAILED", `cannot fetch ${shown}: ${why}`, { cause });
}
