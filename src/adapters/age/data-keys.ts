import { readFile } from "node:fs/promises";
import { FleetError } from "../../core/errors.ts";
import type { SopsRecipient } from "../../core/secrets/sops-file.ts";

/** Finds the data key of a SOPS file. */
export interface DataKeys {
  /** SECRET_SEALED when there is no age key, or none that fits a recipient. The key has 32 bytes. */
  find(recipients: readonly SopsRecipient[]): Promise<Uint8Array>;
}

const maxKept = 1000;

/**
 * Data keys by the age identities in a file (`AGE-SECRET-KEY-1...`, one a line, `#` begins a comment). The file is read
 * anew whenever a data key is not known yet, so that an exchanged file needs no restart; found keys stay in memory.
 */
export function dataKeysFrom(identityFile: string | undefined): DataKeys {
  const found = new Map<string, Promise<Uint8Array>>();
  return {
    find(recipients) {
      if (identityFile === undefined) {
        const hint = "set ageKeyFile in the worker's configuration";
        throw sealed("this worker has no age key", { hint });
      }
      const name = recipients.map(({ enc }) => enc).join("\n");
      const known = found.get(name);
      if (known !== undefined) return known;
      const key = unwrap(identityFile, recipients);
      found.set(name, key);
      key.catch(() => found.delete(name));
      for (const oldest of found.keys()) {
        if (found.size <= maxKept) break;
        found.delete(oldest);
      }
      return key;
    },
  };
}

async function unwrap(
  identityFile: string,
  recipients: readonly SopsRecipient[],
): Promise<Uint8Array> {
  const identities = await readIdentities(identityFile);
  // Loaded only where there is a file to open.
  const { Decrypter, armor } = await import("age-encryption");
  for (const { enc } of recipients) {
    const decrypter = new Decrypter();
    for (const identity of identities) decrypter.addIdentity(identity);
    try {
      return await decrypter.decrypt(armor.decode(enc));
    } catch {
      // Encrypted to somebody else: the next recipient may be this worker.
    }
  }
  const names = recipients.map(({ recipient }) => recipient).join(", ");
  const hint = `it is encrypted to ${names}: add this worker's recipient with \`sops updatekeys\``;
  throw sealed("no age key of this worker fits", { hint });
}

async function readIdentities(file: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw sealed(`the age key file ${file} cannot be read`, { cause: error });
  }
  const lines = text.split("\n").map((line) => line.trim());
  const identities = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (identities.length > 0 && identities.every((line) => identityForm.test(line))) {
    return identities;
  }
  const hint = "write one AGE-SECRET-KEY-1... a line; age-keygen makes them";
  throw sealed(`the age key file ${file} holds something else than age keys`, { hint });
}

const identityForm = /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/;

function sealed(message: string, options: { hint?: string; cause?: unknown }): FleetError {
  return new FleetError("SECRET_SEALED", message, options);
}
