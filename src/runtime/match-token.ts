import { createHash, timingSafeEqual } from "node:crypto";

/** The token of an Authorization header: the password of Basic, or what Bearer carries. Undefined when there is none. */
function tokenFromHeader(header: string | undefined): string | undefined {
  const match = /^(basic|bearer) +(\S+)$/i.exec(header ?? "");
  if (!match) return undefined;
  const [, scheme = "", value = ""] = match;
  if (scheme.toLowerCase() === "bearer") return value;
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : text.slice(colon + 1);
}

/** Compares two tokens in a time that tells nothing about either. An empty one equals nothing. */
export function tokensEqual(given: string, expected: string): boolean {
  const equal = timingSafeEqual(sha256(given), sha256(expected));
  return equal && expected.length > 0;
}

/** True when the header carries the token. */
export function headerHasToken(header: string | undefined, expected: string): boolean {
  return tokensEqual(tokenFromHeader(header) ?? "", expected);
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
