import { createTokenVerifier } from "../adapters/oidc/verify-token.ts";
import { FleetError } from "../core/errors.ts";
import { type Caller, roles } from "../core/protocol/caller.ts";
import type { Clock } from "../runtime/clock.ts";
import type { OidcConfig } from "./access-config.ts";

const maxNameLength = 100;

/** Whose JSON Web Token it is: UNAUTHORIZED when it is not good, FORBIDDEN when its groups have no role. */
export function oidcCallers(config: OidcConfig, clock: Clock): (token: string) => Promise<Caller> {
  const { issuer, audience, nameClaim = "sub" } = config;
  const verify = createTokenVerifier({ issuer, audience, clock });
  return async (token) => {
    const claims = await verify(token);
    const name = nameOf(claims[nameClaim]);
    if (name === "") {
      throw new FleetError(
        "UNAUTHORIZED",
        `the token has no claim ${nameClaim}, which names its bearer`,
        {
          hint: "have the issuer add it, or set access.oidc.nameClaim",
          retry: "never",
        },
      );
    }
    const groups = groupsOf(claims[config.groupsClaim ?? "groups"]);
    const role = roles.findLast((each) => config.roles[each]?.some((group) => groups.has(group)));
    if (role !== undefined)
      return { name: `${name} (oidc)`, role, credential: `oidc:${claims.sub?.slice(0, 100)}` };
    throw new FleetError("FORBIDDEN", `no group of ${name} has a role here`, {
      hint: "have access.oidc.roles name one of their groups",
      retry: "never",
    });
  };
}

/** One line without brackets: what is in them is ours. */
function nameOf(claim: unknown): string {
  if (typeof claim !== "string") return "";
  const plain = claim.replaceAll(/[^\p{L}\p{N}@._+ :|/-]/gu, "").trim();
  return plain.slice(0, maxNameLength);
}

function groupsOf(claim: unknown): ReadonlySet<unknown> {
  return new Set(typeof claim === "string" ? [claim] : Array.isArray(claim) ? claim : []);
}
