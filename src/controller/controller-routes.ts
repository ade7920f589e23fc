import { FailedAttempts } from "../adapters/http/failed-attempts.ts";
import type { Route } from "../adapters/http/route.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { ensureTokenFile } from "../runtime/token-file.ts";
import { type ApiOptions, apiRoutes } from "./api-routes.ts";
import type { ControllerSettings } from "./config.ts";
import { type MirrorRoutesOptions, mirrorRoutes } from "./mirror-routes.ts";
import { openAccess } from "./open-access.ts";
import { pageRoutes } from "./page-routes.ts";
import type { PageViews } from "./page-views.ts";

/** What the routes answer from. */
export interface Desk {
  readonly api: Omit<ApiOptions, "access">;
  readonly mirrors: Omit<MirrorRoutesOptions, "attempts" | "clock" | "mirrors">;
  readonly views: PageViews;
}

/** Everything that the controller answers over HTTP, each with who may ask. */
export async function controllerRoutes(
  settings: ControllerSettings,
  desk: Desk,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<Route[]> {
  const token = await ensureTokenFile(settings.apiTokenFile);
  const attempts = new FailedAttempts(clock);
  const access = await openAccess(settings, { apiToken: token, attempts, clock, logger });
  const isSecure = settings.tls !== undefined;
  const { mirrors } = settings;
  return [
    ...apiRoutes({ ...desk.api, access }),
    ...mirrorRoutes({ ...desk.mirrors, mirrors, attempts, clock }),
    ...(await pageRoutes({ access, token, views: desk.views, clock, isSecure })),
  ];
}
