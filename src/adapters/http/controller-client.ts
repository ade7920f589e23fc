import type {
  Decision,
  DecisionAnswer,
  Explanation,
  FleetStatus,
  PageCode,
  ReleaseHistory,
} from "../../core/protocol/api.ts";
import type { SiteDiff } from "../../core/protocol/site-diff.ts";
import { askJson, type Server } from "./json-client.ts";
import { trustingFetch } from "./trusting-fetch.ts";

const server: Server = {
  name: "the controller",
  silentHint:
    "is `flotilla controller` running? set --controller or FLOTILLA_CONTROLLER to its URL",
  cutOffHint:
    "where it has a certificate (`tls` of its config), its URL begins with https://, with a name that the certificate has",
  wrongUrlHint: "is --controller the URL of a Flotilla controller?",
  tokenHint: "--token-file must hold a token that this controller knows",
  untrustedHint:
    "name the PEM file of its authority with --ca-file or FLOTILLA_CA_FILE, and the controller as its certificate does",
};

/** The controller's HTTP API. Each call throws a FleetError: of the controller's own code, or CONTROLLER_UNREACHABLE. */
export interface ControllerClient {
  status(): Promise<FleetStatus>;
  explain(site: string, app: string): Promise<Explanation>;
  /** The newest releases, so many at most. */
  history(app: string, limit: number): Promise<ReleaseHistory>;
  /** The site's worker is asked: at most 25 s. */
  diff(site: string, app: string | undefined): Promise<SiteDiff>;
  decide(decision: Decision): Promise<DecisionAnswer>;
  /** A link into the status page that works once. */
  pageLink(): Promise<{ readonly url: string; readonly endsAt: string }>;
}

/** Where the API is, what opens it, and who decides: recorded beside the reason, proof of nothing. */
export interface ControllerAccess {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string;
  readonly by?: string;
  /** PEM file of the authorities to trust, instead of the system's. */
  readonly caFile?: string | undefined;
}

/** A client of the API; it asks nothing yet. */
export function openControllerClient({
  url,
  token,
  by,
  caFile,
}: ControllerAccess): ControllerClient {
  const fetch = trustingFetch(caFile);
  const call = <T>(path: string, body?: unknown): Promise<T> =>
    askJson({ server, url, token, path, body, fetch }) as Promise<T>; // what the protocol says
  return {
    status: () => call<FleetStatus>("/api/v1/status"),
    explain: (site, app) =>
      call<Explanation>(`/api/v1/explain?${new URLSearchParams({ site, app }).toString()}`),
    history: (app, limit) => {
      const query = new URLSearchParams({ app, limit: String(limit) });
      return call<ReleaseHistory>(`/api/v1/history?${query.toString()}`);
    },
    diff: (site, app) => {
      const query = new URLSearchParams({ site, ...(app === undefined ? {} : { app }) });
      return call<SiteDiff>(`/api/v1/diff?${query.toString()}`);
    },
    decide: ({ verb, ...rest }) =>
      call<DecisionAnswer>(`/api/v1/rollout/${verb}`, {
        ...rest,
        ...(by === undefined ? {} : { by: by.slice(0, 100) }),
      }),
    pageLink: async () => {
      const { path, endsAt } = await call<PageCode>("/api/v1/page-code", {});
      return { url: url + path, endsAt };
    },
  };
}
