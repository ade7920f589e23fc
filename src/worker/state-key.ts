import { createHash, createHmac } from "node:crypto";
import { join } from "node:path";
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
  return stateKeyOf(await ensureTokenFile(join(stateDir, "state-key")));
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
