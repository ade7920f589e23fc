/**
 * The public keys of an OpenID Connect issuer. In: its URL. Out: the key of a token. Asked over https (http on this
 * machine only), bounded, at most every 30 s and once at a time; keys that are known serve on for a day while the issuer
 * does not answer. Nothing that a token says is ever asked for.
 */
import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from "jose";
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";

const freshMs = 600_000;
const usableMs = 86_400_000;
const betweenAsksMs = 30_000;
const timeoutMs = 5000;
const maxBytes = 256 * 1024;

type LocalKeys = ReturnType<typeof createLocalJWKSet>;
type Key = Awaited<ReturnType<LocalKeys>>;

export class IssuerKeys {
  readonly #issuer: string;
  readonly #clock: Clock;
  #known: { readonly keys: LocalKeys; readonly at: number } | undefined;
  /** Monotonic ms of the last ask. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  #asking: Promise<void> | undefined;

  constructor(issuer: string, clock: Clock) {
    this.#issuer = issuer;
    this.#clock = clock;
  }

  /** The key for a token's header, as jose asks for it. ISSUER_UNREACHABLE; an error of jose for a key that is not there. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    await this.#freshen(freshMs);
    try {
      return await this.#keys()(header, token);
    } catch (error) {
      // The issuer may have changed its keys a moment ago.
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#freshen(0);
      return this.#keys()(header, token);
    }
  }

  #keys(): LocalKeys {
    const isUsable =
      this.#known !== undefined && this.#clock.monotonic() - this.#known.at < usableMs;
    if (isUsable && this.#known !== undefined) return this.#known.keys;
    throw new FleetError(
      "ISSUER_UNREACHABLE",
      `the issuer ${this.#issuer} does not give its keys`,
      {
        cause: this.#failure,
        hint: "check access.oidc.issuer, and whether the controller reaches it",
      },
    );
  }

  async #freshen(maxAgeMs: number): Promise<void> {
    const now = this.#clock.monotonic();
    const isFresh = this.#known !== undefined && now - this.#known.at < maxAgeMs;
    const mayAsk = this.#asking !== undefined || now - this.#askedAt >= betweenAsksMs;
    if (isFresh || !mayAsk) return;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    await this.#asking;
  }

  async #ask(): Promise<void> {
    this.#askedAt = this.#clock.monotonic();
    try {
      const keys = createLocalJWKSet(await readKeys(this.#issuer));
      this.#known = { keys, at: this.#clock.monotonic() };
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
  }
}

async function readKeys(issuer: string): Promise<JSONWebKeySet> {
  const discovery = await readJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const { issuer: named, jwks_uri: keysUrl } = discovery;
  if (named !== issuer) throw new Error("its discovery document names another issuer");
  const url = typeof keysUrl === "string" ? URL.parse(keysUrl) : null;
  // What is asked in the clear can only be as near as the issuer itself.
  const isSafe = url?.protocol === "https:" || url?.host === new URL(issuer).host;
  if (url === null || !isSafe)
    throw new Error("its discovery document names no jwks_uri over https");
  const set = await readJson(url.href);
  if (!Array.isArray(set["keys"])) throw new Error("its key set has no keys");
  return set as unknown as JSONWebKeySet; // jose checks each key at its use
}

async function readJson(url: string): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(timeoutMs);
  const answer = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "error",
    signal,
  });
  if (!answer.ok || answer.body === null) {
    await answer.body?.cancel();
    throw new Error(`${url} answers ${answer.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`${url} answers more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const value = JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new Error(`${url} answers no JSON object`);
}
