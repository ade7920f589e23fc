import type { Logger } from "../runtime/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import { Access, type AccessOptions } from "./access.ts";
import type { ControllerSettings } from "./config.ts";
import { oidcCallers } from "./oidc-caller.ts";
import { TokenList } from "./token-list.ts";

interface AccessParts extends Pick<AccessOptions, "apiToken" | "attempts"> {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Reads what the config names: USAGE for a token file that cannot be used. The issuer is first asked when a token comes. */
export async function openAccess(
  { access }: ControllerSettings,
  { apiToken, attempts, clock, logger }: AccessParts,
): Promise<Access> {
  const { tokensFile, oidc } = access ?? {};
  return new Access({
    apiToken,
    attempts,
    ...(tokensFile === undefined ? {} : { tokens: await TokenList.open(tokensFile, logger) }),
    ...(oidc === undefined ? {} : { oidc: oidcCallers(oidc, clock) }),
  });
}
