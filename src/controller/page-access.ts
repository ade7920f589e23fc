/**
 * Who may look at the page: whoever holds the API token gets a code (`flotilla dashboard`), which works once and soon,
 * and the browser that brings it gets a session. A session may look, and nothing else; it is a signed date, so it
 * outlives a restart of the controller, and ends with the token that it was made with.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import { tokensEqual } from "../runtime/match-token.ts";

const codeMs = 120_000;
const sessionMs = 12 * 3_600_000;
/** Codes that nobody has used yet; the oldest goes when there are more. */
const maxCodes = 16;

export interface PageAccessOptions {
  /** The API token. */
  readonly token: string;
  readonly clock: Clock;
}

export class PageAccess {
  readonly #clock: Clock;
  readonly #key: Buffer;
  /** Two controllers behind one address (forwarded ports) do not take each other's cookie. */
  readonly #cookie: string;
  /** Code -> when it ends (wall ms). */
  readonly #codes = new Map<string, number>();

  constructor({ token, clock }: PageAccessOptions) {
    this.#clock = clock;
    this.#key = sign(token, "page session");
    this.#cookie = `flotilla-${sign(token, "page cookie").toString("hex").slice(0, 8)}`;
  }

  /** A new code, and when it ends (wall ms). */
  issueCode(): { readonly code: string; readonly endsAt: number } {
    const [oldest] = this.#codes.keys();
    if (this.#codes.size >= maxCodes && oldest !== undefined) this.#codes.delete(oldest);
    const code = randomBytes(32).toString("base64url");
    const endsAt = this.#clock.now() + codeMs;
    this.#codes.set(code, endsAt);
    return { code, endsAt };
  }

  /** The `Set-Cookie` of a new session; null: there is no such code, or not any more. */
  enter(given: string): string | null {
    const known = [...this.#codes].find(([code]) => tokensEqual(given, code));
    if (known === undefined) return null;
    const [code, endsAt] = known;
    this.#codes.delete(code);
    if (endsAt < this.#clock.now()) return null;
    const value = this.#session(this.#clock.now() + sessionMs);
    const age = Math.round(sessionMs / 1000);
    return `${this.#cookie}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict`;
  }

  /** True when the `Cookie` header holds a session of ours that has not ended. */
  admits(cookies: string | undefined): boolean {
    return (cookies ?? "").split(/; */).some((pair) => {
      const [name, value = ""] = pair.split("=");
      const endsAt = Number(/^\d{1,15}(?=\.)/.exec(value)?.[0] ?? 0);
      return (
        name === this.#cookie &&
        endsAt > this.#clock.now() &&
        tokensEqual(value, this.#session(endsAt))
      );
    });
  }

  #session(endsAt: number): string {
    return `${endsAt}.${sign(this.#key, `until ${endsAt}`).toString("base64url")}`;
  }
}

function sign(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(`flotilla ${text}`).digest();
}
