import { errors, type JWTPayload, jwtVerify } from "jose";
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { IssuerKeys } from "./issuer-keys.ts";

export interface VerifierOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Clock;
}

/** Symmetric ones and `none` are not among them: who can check a token must not be able to make one. */
const algorithms = ["RS256", "ES256"];
const skewSeconds = 30;
const maxTokenLength = 8192;

/**
 * Checks JSON Web Tokens of one issuer for one audience, within their time give or take 30 s, and gives their claims.
 * UNAUTHORIZED with what is wrong, never with the token; ISSUER_UNREACHABLE while there are no keys.
 */
export function createTokenVerifier({
  issuer,
  audience,
  clock,
}: VerifierOptions): (token: string) => Promise<JWTPayload> {
  const keys = new IssuerKeys(issuer, clock);
  return async (token) => {
    if (token.length > maxTokenLength) throw refusal("it is too long");
    try {
      const { payload } = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
        issuer,
        audience,
        algorithms,
        clockTolerance: skewSeconds,
        currentDate: new Date(clock.now()),
        requiredClaims: ["exp", "sub"],
      });
      return payload;
    } catch (error) {
      if (error instanceof FleetError) throw error;
      throw refusal(wordsOf(error));
    }
  };
}

function wordsOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed)
    return `its claim ${error.claim} does not fit`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is wrong";
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `it must be signed by ${algorithms.join(" or ")}`;
  if (error instanceof errors.JWKSNoMatchingKey) return "the issuer has no such key";
  if (error instanceof errors.JOSEError) return "it cannot be read";
  throw error;
}

function refusal(why: string): FleetError {
  return new FleetError("UNAUTHORIZED", `the JSON Web Token is refused: ${why}`, {
    hint: "get a new token from the issuer, for the audience that the controller names",
    retry: "never",
  });
}
