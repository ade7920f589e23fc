import { FleetError } from "../../core/errors.ts";
import { tokensEqual } from "../../runtime/match-token.ts";

/** What `Bearer` carries; UNAUTHORIZED when there is none. */
export function bearerOf(authorization: string | undefined): string {
  const given = /^bearer +(?<token>\S+)$/i.exec(authorization ?? "")?.groups?.["token"];
  if (given === undefined) throw unauthorized("a bearer token is missing");
  return given;
}

/** Throws UNAUTHORIZED unless the header is `Bearer <token>`. */
export function requireBearer(authorization: string | undefined, token: string): void {
  if (!tokensEqual(bearerOf(authorization), token)) throw unauthorized("the token is wrong");
}

/** The password of HTTP Basic (any user name), as git sends it; UNAUTHORIZED when there is none. */
export function passwordOf(authorization: string | undefined): string {
  const encoded = /^basic +(?<encoded>\S+)$/i.exec(authorization ?? "")?.groups?.["encoded"];
  if (encoded === undefined) throw unauthorized("HTTP Basic credentials are missing");
  const text = Buffer.from(encoded, "base64").toString();
  return text.slice(text.indexOf(":") + 1);
}

/** Throws UNAUTHORIZED unless the header is HTTP Basic with this token as password. */
export function requireBasic(authorization: string | undefined, token: string): void {
  if (!tokensEqual(passwordOf(authorization), token)) throw unauthorized("the token is wrong");
}

export function unauthorized(message: string): FleetError {
  return new FleetError("UNAUTHORIZED", message, {
    hint: "pass the token that the other side reads from its token file",
    retry: "never",
  });
}
