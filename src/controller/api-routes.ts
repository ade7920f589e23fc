/** The HTTP API of core/protocol/api.ts: what stands, why, and operators' decisions. */
import { HttpRefusal } from "../adapters/http/answer-error.ts";
import { isLoopback } from "../adapters/http/listen-address.ts";
import type { Route, RouteContext } from "../adapters/http/route.ts";
import type {
  DecisionAnswer,
  Explanation,
  FleetStatus,
  ReleaseHistory,
} from "../core/protocol/api.ts";
import { FleetError } from "../core/errors.ts";
import { closestName } from "../core/model/closest-name.ts";
import type { SiteDiff } from "../core/protocol/site-diff.ts";
import { type Access, requireRole } from "./access.ts";
import { type AskedDecision, readDecision } from "./decision-body.ts";
import { unprovenName } from "./control-commit.ts";
import { roleFor } from "./decision-roles.ts";

/** What the API answers from; each throws NOT_NOW while the first pass is not through. */
export interface ApiOptions {
  readonly access: Access;
  readonly status: () => FleetStatus;
  readonly explain: (site: string, app: string) => Explanation | undefined;
  /** The releases of an app; undefined: there is no such app. */
  readonly history: (
    asked: { readonly app: string; readonly most: number },
    signal: AbortSignal,
  ) => Promise<ReleaseHistory | undefined>;
  /** How the objects of a site (of one app there) differ from what they should be: its worker is asked. */
  readonly diff: (place: SitePlace, signal: AbortSignal) => Promise<SiteDiff>;
  /** Carries the decision out as one commit on control. */
  readonly decide: (asked: AskedDecision) => Promise<DecisionAnswer>;
  /** Why the loop does not run; null: it does. */
  readonly sickness: () => string | null;
}

/** A site, and an app there; null: all of them. */
interface SitePlace {
  readonly site: string;
  readonly app: string | null;
}

export function apiRoutes(options: ApiOptions): Route[] {
  const { access } = options;
  return [
    {
      kind: "json",
      method: "GET",
      path: "/healthz",
      handle: ({ peer }) => answerHealth(options, peer),
    },
    {
      kind: "json",
      method: "GET",
      path: "/api/v1/status",
      authorize: access.need("view"),
      handle: () => options.status(),
    },
    {
      kind: "json",
      method: "GET",
      path: "/api/v1/explain",
      authorize: access.need("view"),
      handle: ({ query }) => explain(options, query),
    },
    {
      kind: "json",
      method: "GET",
      path: "/api/v1/history",
      authorize: access.need("view"),
      handle: ({ query, signal }) => history(options, query, signal),
    },
    {
      kind: "json",
      method: "GET",
      path: "/api/v1/diff",
      authorize: access.need("view"),
      handle: ({ query, signal }) => diff(options, query, signal),
    },
    {
      kind: "json",
      method: "POST",
      path: "/api/v1/rollout/:verb",
      authorize: access.need("operate"),
      handle: (context, body) => takeDecision(options, context, body),
    },
  ];
}

/** The reason may tell of the fleet: it is for this machine, as the question takes no token. */
function answerHealth({ sickness }: ApiOptions, peer: string): { status: "ok" } {
  const problem = sickness();
  if (problem === null) return { status: "ok" };
  throw new HttpRefusal(503, isLoopback(peer) ? problem : "the controller's loop does not run");
}

async function takeDecision(
  { decide }: ApiOptions,
  { params, caller }: RouteContext,
  body: unknown,
): Promise<DecisionAnswer> {
  const { decision, by } = readDecision(params["verb"] ?? "", body);
  requireRole(caller, roleFor(decision));
  // A proven name stands before any that the caller gives; the brackets at its end are what proves it.
  return decide({ decision, by: caller?.name ?? unprovenName(by) });
}

function explain(options: ApiOptions, query: URLSearchParams): Explanation {
  const [site, app] = [query.get("site"), query.get("app")];
  if (!site || !app) throw new HttpRefusal(400, "site and app must be given");
  const explanation = options.explain(site, app);
  if (explanation !== undefined) return explanation;
  const isRefused = options.status().refused !== null;
  const those = "see flotilla status for those that it has";
  throw new FleetError("NOT_FOUND", `the fleet has no site ${site} or no app ${app}`, {
    hint: isRefused ? `${those}, and why the newest commit is not followed` : those,
    retry: "never",
  });
}

function diff(options: ApiOptions, query: URLSearchParams, signal: AbortSignal): Promise<SiteDiff> {
  const site = query.get("site");
  if (!site) throw new HttpRefusal(400, "site must be given");
  return options.diff({ site, app: query.get("app") }, signal);
}

async function history(
  options: ApiOptions,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<ReleaseHistory> {
  const app = query.get("app");
  if (!app) throw new HttpRefusal(400, "app must be given");
  const limit = query.get("limit") ?? "50";
  if (!/^[1-9]\d{0,3}$/.test(limit)) throw new HttpRefusal(400, "limit is 1 to 9999 releases");
  const found = await options.history({ app, most: Number(limit) }, signal);
  if (found !== undefined) return found;
  const near = closestName(
    app,
    options.status().apps.map((each) => each.app),
  );
  throw new FleetError("NOT_FOUND", `no release of ${app} is on record`, {
    hint:
      near === undefined
        ? "see flotilla status for the apps of the fleet"
        : `did you mean "${near}"?`,
    retry: "never",
  });
}
