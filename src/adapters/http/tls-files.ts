/**
 * The certificate of a server, from files that may be replaced while it runs. In: two paths. Out: what node:tls takes.
 * A pair that cannot be used never replaces one that can.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../runtime/logger.ts";

export interface TlsFiles {
  /** PEM: the server's certificate, with those between it and its authority. */
  readonly certFile: string;
  /** PEM: its private key. */
  readonly keyFile: string;
}

/** The two files' text, checked. */
export type TlsPair = Required<Pick<SecureContextOptions, "cert" | "key" | "minVersion">>;

const lookEveryMs = 5000;

/** Reads a certificate and its key. USAGE when one cannot be read, or when they do not belong together. */
export async function readTlsPair({ certFile, keyFile }: TlsFiles): Promise<TlsPair> {
  const [cert, key] = [await readPem(certFile), await readPem(keyFile)];
  const pair = { cert, key, minVersion: "TLSv1.2" } as const;
  try {
    createSecureContext(pair);
    // A context also goes without what an empty file does not have, as one that is just being written.
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error("no pair");
  } catch (cause) {
    const code = codeOf(cause);
    // The library's own message is left out: it may quote the key.
    throw new FleetError("USAGE", `cannot use ${certFile} with the key ${keyFile} (${code})`, {
      hint: "both must be PEM, the key without a passphrase and of the first certificate in the file",
      retry: "never",
    });
  }
  return pair;
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new FleetError("USAGE", `cannot read the PEM file ${path} (${codeOf(cause)})`, {
      hint: "check the path and that this user may read it",
      retry: "never",
    });
  }
}

function codeOf(error: unknown): string {
  const isCoded = error instanceof Error && "code" in error && typeof error.code === "string";
  return isCoded ? String(error.code) : "error";
}

/** Looks at the files every 5 s, and gives each new pair that can be used, until the signal aborts. */
export async function followTlsPair(
  files: TlsFiles,
  { known, use, clock, logger }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  let [current, problem] = [known, ""];
  for (;;) {
    await clock.sleep(lookEveryMs, signal);
    if (signal.aborted) return;
    try {
      const next = await readTlsPair(files);
      problem = "";
      if (next.cert === current.cert && next.key === current.key) continue;
      use(next);
      current = next;
      logger.info("the certificate was replaced", { certFile: files.certFile });
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      if (error.message !== problem) logger.warn("the certificate stays as it was", { error });
      problem = error.message;
    }
  }
}

interface FollowOptions {
  readonly known: TlsPair;
  readonly use: (pair: TlsPair) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}
