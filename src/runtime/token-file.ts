import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { FleetError } from "../core/errors.ts";
import { makeFolder } from "./make-folder.ts";

const maxTokenBytes = 16 * 1024;

/** Reads a token: the file's text, trimmed. Read anew at each use, so that a rotated token is taken up. Throws USAGE. */
export async function readTokenFile(path: string): Promise<string> {
  const text = await readBounded(path);
  const token = text.trim();
  // oxlint-disable-next-line no-control-regex -- a control character would end the header it is sent in
  if (token === "" || /[\s\u0000-\u001f\u007f]/.test(token)) {
    throw new FleetError("USAGE", `${path} does not hold one token`, {
      hint: "the file must hold the token and nothing else",
      retry: "backoff",
    });
  }
  return token;
}

async function readBounded(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(maxTokenBytes + 1),
      0,
      maxTokenBytes + 1,
    );
    if (bytesRead > maxTokenBytes) {
      throw new FleetError("USAGE", `${path} is too large for a token file`, {
        hint: `the file must hold the token and nothing else, at most ${maxTokenBytes} bytes`,
      });
    }
    return buffer.toString("utf8", 0, bytesRead);
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    const { code = "error" } = cause as NodeJS.ErrnoException; // what node:fs throws
    throw new FleetError("USAGE", `cannot read the token file ${path} (${code})`, {
      cause,
      hint: "check the path and that this user may read it",
    });
  }
}

/** Writes a new random token (256 bits, base64url) for this user alone (mode 0600), whole or not at all; returns it. */
export async function writeTokenFile(path: string): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await makeFolder(dirname(path), 0o700);
  const unfinished = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await using file = await open(unfinished, "wx", 0o600);
    await file.writeFile(`${token}\n`);
    await file.sync();
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new FleetError("USAGE", `cannot write the token file ${path}`, { cause });
  }
  return token;
}

/** The token that lies there, or a new one. */
export async function ensureTokenFile(path: string): Promise<string> {
  try {
    return await readTokenFile(path);
  } catch (error) {
    const cause = error instanceof FleetError ? error.cause : undefined;
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (!isMissing) throw error;
    return writeTokenFile(path);
  }
}
