/** Who calls the API and what they may do: the API token on this machine, a token of the list, or a JSON Web Token. */
import { bearerOf, unauthorized } from "../adapters/http/authorize.ts";
import type { FailedAttempts } from "../adapters/http/failed-attempts.ts";
import { isLoopback } from "../adapters/http/listen-address.ts";
import type { RouteContext } from "../adapters/http/route.ts";
import { FleetError } from "../core/errors.ts";
import { type Caller, mayDo, type Role } from "../core/protocol/caller.ts";
import { tokensEqual } from "../runtime/match-token.ts";

export interface AccessOptions {
  /** Taken from this machine only: everything may be done with it. */
  readonly apiToken: string;
  readonly attempts: FailedAttempts;
  readonly tokens?: {
    find(token: string): Promise<Caller | undefined>;
    has(credential: string): Promise<boolean>;
  };
  /** Whose JSON Web Token it is: UNAUTHORIZED, FORBIDDEN without any role. */
  readonly oidc?: (token: string) => Promise<Caller>;
}

export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** What a route asks of its callers: UNAUTHORIZED, FORBIDDEN, or 429. */
  need(role: Role): (context: RouteContext) => Promise<Caller> {
    return async ({ authorization, peer }) => {
      const given = bearerOf(authorization);
      const caller = await this.#options.attempts.guard({ peer, door: "api" }, () =>
        this.#find(given, peer),
      );
      requireRole(caller, role);
      return caller;
    };
  }

  /** True while a credential that opened a session may still do so. */
  async holds(credential: string): Promise<boolean> {
    const { tokens, oidc } = this.#options;
    if (credential === apiCredential) return true; // the session is signed with it
    if (credential.startsWith("oidc:")) return oidc !== undefined;
    return (await tokens?.has(credential)) ?? false;
  }

  async #find(given: string, peer: string): Promise<Caller> {
    const { apiToken, tokens, oidc } = this.#options;
    if (isLoopback(peer) && tokensEqual(given, apiToken)) {
      return { name: null, role: "admin", credential: apiCredential };
    }
    if (oidc !== undefined && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(given)) return oidc(given);
    const caller = await tokens?.find(given);
    if (caller === undefined) throw unauthorized("the token is wrong");
    return caller;
  }
}

const apiCredential = "api";

/** FORBIDDEN where the caller's role does not do, which names the role that does. */
export function requireRole(caller: Caller | undefined, needed: Role): void {
  if (caller !== undefined && mayDo(caller.role, needed)) return;
  const who = caller?.name ?? "the caller";
  const has = caller === undefined ? "no role" : `the role ${caller.role}`;
  throw new FleetError("FORBIDDEN", `this needs the role ${needed}, and ${who} has ${has}`, {
    hint: "ask somebody who has it",
    retry: "never",
  });
}
