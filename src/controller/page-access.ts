/**
 * Who may look at the page: whoever may call the API gets a code (`flotilla dashboard`), which works once and soon, and
 * the browser that brings it gets a session. A session may look, and nothing else; it is a signed date and credential, so
 * it outlives a restart of the controller, and ends with the API token and with the credential that it came from.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import { tokensEqual } from "../runtime/match-token.ts";

const codeMs = 120_000;
const sessionMs = 12 * 3_600_000;
/** Whether the issuer still knows somebody is only seen when they come with a new token. */
const oidcSessionMs = 3_600_000;
/**
 * Codes that nobody has used yet. Of one credential the oldest goes when there are more, so that nobody keeps others out;
 * of all together too: credentials are as many as an issuer of tokens has people.
 */
const maxOfOne = 4;
const maxCodes = 4096;

export interface PageAccessOptions {
  /** The API token. */
  readonly token: string;
  readonly clock: Clock;
  /** The page is served over TLS: the cookie goes nowhere else. */
  readonly isSecure: boolean;
}

interface Code {
  /** Wall ms. */
  readonly endsAt: number;
  readonly credential: string;
}

export class PageAccess {
  readonly #clock: Clock;
  readonly #key: Buffer;
  /** Two controllers behind one address (forwarded ports) do not take each other's cookie. */
  readonly #cookie: string;
  readonly #isSecure: boolean;
  readonly #codes = new Map<string, Code>();

  constructor({ token, clock, isSecure }: PageAccessOptions) {
    this.#clock = clock;
    this.#isSecure = isSecure;
    this.#key = sign(token, "page session");
    const prefix = isSecure ? "__Host-" : "";
    this.#cookie = `${prefix}flotilla-${sign(token, "page cookie").toString("hex").slice(0, 8)}`;
  }

  /** A new code for the holder of a credential, and when it ends (wall ms). */
  issueCode(credential: string): { readonly code: string; readonly endsAt: number } {
    this.#makeRoom(credential);
    const code = randomBytes(32).toString("base64url");
    const endsAt = this.#clock.now() + codeMs;
    this.#codes.set(code, { endsAt, credential });
    return { code, endsAt };
  }

  #makeRoom(credential: string): void {
    const now = this.#clock.now();
    for (const [code, { endsAt }] of this.#codes) if (endsAt < now) this.#codes.delete(code);
    const all = [...this.#codes];
    const own = all.filter(([, code]) => code.credential === credential);
    const [oldest] = own.length >= maxOfOne ? own : all.length >= maxCodes ? all : [];
    if (oldest !== undefined) this.#codes.delete(oldest[0]);
  }

  /** The `Set-Cookie` of a new session; null: there is no such code, or not any more. */
  enter(given: string): string | null {
    const known = [...this.#codes].find(([code]) => tokensEqual(given, code));
    if (known === undefined) return null;
    const [code, { endsAt, credential }] = known;
    this.#codes.delete(code);
    if (endsAt < this.#clock.now()) return null;
    const ms = credential.startsWith("oidc:") ? oidcSessionMs : sessionMs;
    const value = this.#session(this.#clock.now() + ms, credential);
    const secure = this.#isSecure ? "; Secure" : "";
    return `${this.#cookie}=${value}; Path=/; Max-Age=${ms / 1000}; HttpOnly; SameSite=Strict${secure}`;
  }

  /** The credential behind the session of ours in the `Cookie` header; null: there is none that has not ended. */
  credentialOf(cookies = ""): string | null {
    const name = `${this.#cookie}=`;
    const ours = cookies.split(/; */).filter((pair) => pair.startsWith(name));
    for (const pair of ours) {
      const value = pair.slice(name.length);
      const [endsAt = "", encoded = ""] = value.split(".");
      const credential = Buffer.from(encoded, "base64url").toString();
      const isOpen = /^\d{1,15}$/.test(endsAt) && Number(endsAt) > this.#clock.now();
      if (isOpen && tokensEqual(value, this.#session(Number(endsAt), credential))) {
        return credential;
      }
    }
    return null;
  }

  #session(endsAt: number, credential: string): string {
    const text = `${endsAt}.${Buffer.from(credential).toString("base64url")}`;
    return `${text}.${sign(this.#key, `until ${text}`).toString("base64url")}`;
  }
}

function sign(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(`flotilla ${text}`).digest();
}
