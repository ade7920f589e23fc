import { FleetError } from "../../core/errors.ts";
import { tokensEqual } from "../../runtime/match-token.ts";

/** Throws UNAUTHORIZED unless the header is `Bearer <token>`. */
export function requireBearer(authorization: string | undefined, token: string): void {
  const given = /^bearer +(?<token>\S+)$/i.exec(authorization ?? "")?.groups?.["token"];
  if (given === undefined) throw unauthorized("a bearer token is missing");
  if (!tokensEqual(given, token)) throw unauthorized("the token is wrong");
}

/** Throws UNAUTHORIZED unless the header is HTTP Basic with this token as password (any user name), as git sends it. */
export function requireBasic(authorization: string | undefined, token: string): void {
  const encoded = /^basic +(?<encoded>\S+)$/i.exec(authorization ?? "")?.groups?.["encoded"];
  if (encoded === undefined) throw unauthorized("HTTP Basic credentials are missing");
  const text = Buffer.from(encoded, "base64").toString();
  const given = text.slice(text.indexOf(":") + 1);
  if (!tokensEqual(given, token)) throw unauthorized("the token is wrong");
}

function unauthorized(message: string): FleetError {
  return new FleetError("UNAUTHORIZED", message, {
    hint: "pass the token that the other side reads from its token file",
    retry: "never",
  });
}
