/** The page over real HTTP with any status behind it: its routes, its access, its headers; no controller. */
import { FailedAttempts } from "../../src/adapters/http/failed-attempts.ts";
import { startHttpServer } from "../../src/adapters/http/server.ts";
import { Access } from "../../src/controller/access.ts";
import { pageRoutes } from "../../src/controller/page-routes.ts";
import { PageViews } from "../../src/controller/page-views.ts";
import type { PageCode } from "../../src/core/protocol/api.ts";
import type { PageState } from "../../src/dashboard/fleet-page.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";

export interface PageServer {
  readonly url: string;
  /** What the page shows from now on. */
  show(state: PageState): void;
  /** A link that lets one browser in. */
  link(): Promise<string>;
  close(): Promise<void>;
}

const apiToken = "page-token-0123456789";

/** `port` 0: a free one. */
export async function startPageServer(state: PageState, port = 0): Promise<PageServer> {
  let [shown, version] = [state, 0];
  const clock = systemClock();
  const views = new PageViews({ read: () => shown, version: () => version, clock });
  const access = new Access({ apiToken, attempts: new FailedAttempts(clock) });
  const server = await startHttpServer({
    listen: `127.0.0.1:${port}`,
    routes: await pageRoutes({ access, token: apiToken, views, clock, isSecure: false }),
    logger: createLogger({ name: "test", level: "silent" }),
    clock,
  });
  return {
    url: server.url,
    show: (next) => {
      [shown, version] = [next, version + 1];
    },
    link: async () => `${server.url}${(await askCode(server.url)).path}`,
    close: () => server.close(),
  };
}

async function askCode(url: string): Promise<PageCode> {
  const headers = { authorization: `Bearer ${apiToken}` };
  const answer = await fetch(`${url}/api/v1/page-code`, { method: "POST", headers });
  if (!answer.ok) throw new Error(`no code: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as PageCode; // the server's own
}
