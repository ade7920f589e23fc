import { createHash, createHmac } from "node:crypto";
import { join } from "node:path";
import { FleetError } from "../core/errors.ts";
import { ensureTokenFile } from "../runtime/token-file.ts";

/**
 * Seals the hashes that the store keeps of what is in Secrets: a short value could be guessed by its plain hash. Beside
 * the store in a file of its own, so that the store by itself (a copy, a backup) tells nothing.
 */
export interface StateKey {
  /** A hash, sealed; says with which key. */
  seal(hash: string): string;
  /** Sealed with another key: what it was made of cannot be told any more. */
  isOther(sealed: string): boolean;
}

/** The key in a worker's state folder; made where there is none. */
export async function openStateKey(stateDir: string): Promise<StateKey> {
  const path = join(stateDir, "state-key");
  const secret = await ensureTokenFile(path).catch((cause: unknown) => {
    throw cause instanceof FleetError ? damaged(path, cause) : cause;
  });
  // What a torn copy holds could be guessed.
  if (secret.length < keyLength)
    throw damaged(path, new Error(`it has ${secret.length} characters`));
  return stateKeyOf(secret);
}

/** 256 bits as base64url. */
const keyLength = 43;

function damaged(path: string, cause: Error): FleetError {
  return new FleetError("STATE_CORRUPT", `the worker's key cannot be read: ${cause.message}`, {
    cause,
    hint: `restore ${path}, or delete it: the worker makes a new one, and Secrets that it has applied are looked at anew`,
  });
}

/** The key that a secret of 256 random bits gives. */
export function stateKeyOf(secret: string): StateKey {
  const id = createHash("sha256").update(`the id of ${secret}`).digest("hex").slice(0, 8);
  const mark = `hmac-${id}:`;
  return {
    seal: (hash) => mark + createHmac("sha256", secret).update(hash).digest("hex"),
    isOther: (sealed) => sealed !== "" && !sealed.startsWith(mark),
  };
}
