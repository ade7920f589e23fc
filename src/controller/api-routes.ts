/** The HTTP API of core/protocol/api.ts: what stands, why, and operators' decisions. */
import { requireBearer } from "../adapters/http/authorize.ts";
import { HttpRefusal } from "../adapters/http/answer-error.ts";
import type { Route, RouteContext } from "../adapters/http/route.ts";
import type { DecisionAnswer, Explanation, FleetStatus } from "../core/protocol/api.ts";
import { FleetError } from "../core/errors.ts";
import { type AskedDecision, readDecision } from "./decision-body.ts";

/** What the API answers from; each throws NOT_NOW while the first pass is not through. */
export interface ApiOptions {
  readonly token: string;
  readonly status: () => FleetStatus;
  readonly explain: (site: string, app: string) => Explanation | undefined;
  /** Carries the decision out as one commit on control. */
  readonly decide: (asked: AskedDecision) => Promise<DecisionAnswer>;
  /** Why the loop does not run; null: it does. */
  readonly sickness: () => string | null;
}

export function apiRoutes(options: ApiOptions): Route[] {
  const authorize = ({ authorization }: RouteContext): void =>
    requireBearer(authorization, options.token);
  return [
    { kind: "json", method: "GET", path: "/healthz", handle: () => answerHealth(options) },
    {
      kind: "json",
      method: "GET",
      path: "/api/v1/status",
      authorize,
      handle: () => options.status(),
    },
    {
      kind: "json",
      method: "GET",
      path: "/api/v1/explain",
      authorize,
      handle: ({ query }) => explain(options, query),
    },
    {
      kind: "json",
      method: "POST",
      path: "/api/v1/rollout/:verb",
      authorize,
      handle: ({ params }, body) => options.decide(readDecision(params["verb"] ?? "", body)),
    },
  ];
}

function answerHealth({ sickness }: ApiOptions): { status: "ok" } {
  const problem = sickness();
  if (problem === null) return { status: "ok" };
  throw new HttpRefusal(503, problem);
}

function explain(options: ApiOptions, query: URLSearchParams): Explanation {
  const [site, app] = [query.get("site"), query.get("app")];
  if (!site || !app) throw new HttpRefusal(400, "site and app must be given");
  const explanation = options.explain(site, app);
  if (explanation !== undefined) return explanation;
  throw new FleetError("NOT_FOUND", `the fleet has no site ${site} or no app ${app}`, {
    hint: "see flotilla status for those that it has",
    retry: "never",
  });
}
