/**
 * A self-signed certificate for 127.0.0.1, made with openssl, as PEM texts and in files (`caFile` holds `cert`).
 * `isExpired`: since yesterday.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "./git-repository.ts";

export async function createCertificate({ isExpired = false } = {}): Promise<{
  readonly key: string;
  readonly cert: string;
  readonly caFile: string;
  readonly keyFile: string;
}> {
  const dir = await temporaryFolder();
  const [keyFile, caFile] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", keyFile, "-out", caFile];
  await promisify(execFile)("openssl", ["req", "-x509", ...kind, ...name, ...files]);
  if (isExpired) {
    const anew = ["-in", caFile, "-signkey", keyFile, "-days", "-1", "-out", caFile];
    await promisify(execFile)("openssl", ["x509", ...anew]);
  }
  return {
    caFile,
    keyFile,
    key: await readFile(keyFile, "utf8"),
    cert: await readFile(caFile, "utf8"),
  };
}
