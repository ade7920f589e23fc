/**
 * GitHub, as far as commit statuses go, on 127.0.0.1. Each request is checked against GitHub's published description
 * (github-openapi.json) and against what the description does not say: lengths, 1,000 statuses per commit and
 * context, unknown fields, headers. What it would not take is answered as GitHub does and kept in `violations`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Ajv } from "ajv";
import description from "./github-openapi.json" with { type: "json" };

/** A status as GitHub keeps it. */
interface StoredStatus {
  readonly id: number;
  readonly sha: string;
  readonly state: string;
  readonly description: string | null;
  readonly target_url: string | null;
  readonly context: string;
  readonly created_at: string;
}

/** What goes wrong with a request. With `commit` the create happens all the same. */
export type Fault =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Headers;
      readonly commit?: boolean;
    }
  /** The connection is cut without an answer. */
  | { readonly kind: "drop"; readonly commit?: boolean }
  /** Nothing comes back until the client gives up. */
  | { readonly kind: "silence"; readonly commit?: boolean }
  /** A page of some proxy, with status 200. */
  | { readonly kind: "page" };
type Headers = Readonly<Record<string, string>>;

export interface GitHubStandIn extends AsyncDisposable {
  /** For `apiUrl`. */
  readonly url: string;
  readonly repository: string;
  /** Requests so far, as `POST /repos/...` with the status they were answered with (0: not answered). */
  readonly requests: readonly {
    readonly line: string;
    readonly status: number;
    readonly at: number;
  }[];
  /** What GitHub would not have taken. */
  readonly violations: readonly string[];
  /** Newest first. */
  statuses(sha: string): readonly StoredStatus[];
  /** What GitHub shows under our context. */
  latest(sha: string, context?: string): StoredStatus | undefined;
  /** The states under our context, oldest first. */
  statesOf(sha: string, context?: string): readonly string[];
  /** Puts a status there that is not of our making. */
  addStatus(status: { sha: string; context: string; state?: string; description?: string }): void;
  /** The next requests of a method meet these faults, in order. */
  fail(method: "GET" | "POST", ...faults: readonly Fault[]): void;
  /** The only token that is accepted from now on. */
  setToken(token: string): void;
  /** Commits that exist; default: any. */
  setCommits(shas: readonly string[]): void;
  close(): Promise<void>;
}

interface Options {
  readonly token: string;
  readonly repository?: string;
  /** Largest page that is given out; default 100, as GitHub's. */
  readonly pageSize?: number;
}

interface World {
  token: string;
  commits: ReadonlySet<string> | undefined;
  port: number;
  readonly repository: string;
  readonly pageSize: number;
  readonly stored: StoredStatus[];
  readonly violations: string[];
  readonly requests: { line: string; status: number; at: number }[];
  readonly faults: Record<string, Fault[]>;
}

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(description, "github");
type OperationName = keyof typeof description.operations;
const createName = "POST /repos/{owner}/{repo}/statuses/{sha}" satisfies OperationName;
const listName = "GET /repos/{owner}/{repo}/commits/{ref}/statuses" satisfies OperationName;
const maxStatuses = 1000;
const ourContext = "flotilla/rollout";

/** Starts it; it ends with its block or by `Symbol.asyncDispose`. */
export async function startGitHubStandIn(options: Options): Promise<GitHubStandIn> {
  const { token, repository = "acme/fleet", pageSize = 100 } = options;
  const world: World = {
    token,
    repository,
    pageSize,
    commits: undefined,
    port: 0,
    stored: [],
    violations: [],
    requests: [],
    faults: { GET: [], POST: [] },
  };
  const server = createServer((request, response) => void serve(world, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  world.port = (server.address() as AddressInfo).port; // it listens on TCP
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { ...views(world), ...controls(world), close, [Symbol.asyncDispose]: close };
}

type Views = Pick<
  GitHubStandIn,
  "url" | "repository" | "requests" | "violations" | "statuses" | "latest" | "statesOf"
>;

function views(world: World): Views {
  const under = (sha: string, context: string): StoredStatus[] =>
    newestFirst(world, sha).filter((status) => status.context === context);
  return {
    url: origin(world),
    repository: world.repository,
    requests: world.requests,
    violations: world.violations,
    statuses: (sha) => newestFirst(world, sha),
    latest: (sha, context = ourContext) => under(sha, context)[0],
    statesOf: (sha, context = ourContext) =>
      under(sha, context)
        .map(({ state }) => state)
        .toReversed(),
  };
}

function controls(
  world: World,
): Pick<GitHubStandIn, "addStatus" | "fail" | "setToken" | "setCommits"> {
  return {
    addStatus: ({ sha, context, state = "success", description: text = "" }) =>
      void store(world, sha, { state, context, description: text }),
    fail: (method, ...faults) => void world.faults[method]?.push(...faults),
    setToken: (next) => (world.token = next),
    setCommits: (shas) => (world.commits = new Set(shas)),
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Headers;
}

async function serve(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? "";
  const entry = { line: `${method} ${request.url ?? ""}`, status: 0, at: performance.now() };
  world.requests.push(entry);
  const text = await textOf(request);
  const fault = world.faults[method]?.shift();
  const handled = (): Answer => handle(world, request, text);
  const answer = fault === undefined ? handled() : answerOf(fault, handled);
  if (answer === undefined) {
    if (fault?.kind === "drop") request.socket.destroy();
    return;
  }
  entry.status = answer.status;
  send(response, answer);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, answer: Answer): void {
  const isText = typeof answer.body === "string";
  response.writeHead(answer.status, {
    "content-type": isText ? "text/html" : "application/json; charset=utf-8",
    ...answer.headers,
  });
  response.end(isText ? answer.body : JSON.stringify(answer.body));
}

/** Undefined: no answer at all. */
function answerOf(fault: Fault, handled: () => Answer): Answer | undefined {
  if (fault.kind === "page") return { status: 200, body: "<html>Log in to the network</html>" };
  if (fault.commit === true) handled();
  if (fault.kind !== "answer") return undefined;
  const { status, headers = {} } = fault;
  return {
    status,
    headers,
    body: { message: `fault ${status}`, documentation_url: "https://docs" },
  };
}

function handle(world: World, request: IncomingMessage, text: string): Answer {
  const url = new URL(request.url ?? "", "http://github");
  const refusal = checkHeaders(world, request);
  if (refusal !== undefined) return refusal;
  const base = `/repos/${world.repository}`;
  if (!url.pathname.startsWith(`${base}/`)) return refuse(404, "Not Found");
  const path = url.pathname.slice(base.length);
  const [, create] = /^POST \/statuses\/([^/]+)$/.exec(`${request.method} ${path}`) ?? [];
  if (create !== undefined) return createStatus(world, create, text);
  const [, list] = /^GET \/commits\/([^/]+)\/statuses$/.exec(`${request.method} ${path}`) ?? [];
  if (list !== undefined) return listStatuses(world, list, url);
  return violation(world, 501, `${request.method} ${path} is not played here`);
}

function checkHeaders(world: World, { headers }: IncomingMessage): Answer | undefined {
  if (headers["x-github-api-version"] !== "2022-11-28") {
    return violation(world, 400, "the API version is not pinned");
  }
  if ((headers["user-agent"] ?? "") === "") return violation(world, 403, "no User-Agent");
  const given = /^(?:bearer|token) (?<token>.*)$/i.exec(headers.authorization ?? "")?.groups;
  return given?.["token"] === world.token ? undefined : refuse(401, "Bad credentials");
}

function createStatus(world: World, sha: string, text: string): Answer {
  const body = JSON.parse(text) as Record<string, string>;
  const problem = problemOf(body);
  if (problem !== undefined) return violation(world, 422, problem);
  if (world.commits !== undefined && !world.commits.has(sha)) {
    return refuse(422, `No commit found for SHA: ${sha}`);
  }
  const { context = "default" } = body;
  const same = world.stored.filter((one) => one.sha === sha && one.context === context);
  if (same.length >= maxStatuses) return violation(world, 422, "over 1,000 statuses");
  return checked(createName, { status: 201, body: present(store(world, sha, body)) });
}

function problemOf(body: Record<string, string>): string | undefined {
  const schema = description.operations[createName].body;
  if (!ajv.validate(pointer(createName, "body"), body)) return ajv.errorsText();
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(schema.properties, name));
  if (unknown.length > 0) return `unknown fields ${unknown.join(", ")}`;
  if ((body["description"] ?? "").length > 140) return "description is too long (maximum is 140)";
  if ((body["context"] ?? "").length > 255) return "context is too long (maximum is 255)";
  return undefined;
}

function listStatuses(world: World, sha: string, url: URL): Answer {
  const wanted = Number(url.searchParams.get("per_page") ?? 30);
  if (wanted > 100) return violation(world, 422, "per_page is at most 100");
  const size = Math.min(wanted, world.pageSize);
  const page = Number(url.searchParams.get("page") ?? 1);
  const all = newestFirst(world, sha);
  const body = all.slice((page - 1) * size, page * size).map(present);
  const next = new URL(url);
  next.searchParams.set("page", String(page + 1));
  const link = `<${origin(world)}${next.pathname}${next.search}>; rel="next"`;
  const headers = page * size < all.length ? { link } : {};
  return checked(listName, { status: 200, body, headers });
}

function origin({ port }: World): string {
  return `http://127.0.0.1:${port}`;
}

function newestFirst({ stored }: World, sha: string): StoredStatus[] {
  return stored.filter((status) => status.sha === sha).toReversed();
}

function store(world: World, sha: string, body: Readonly<Record<string, string>>): StoredStatus {
  const status: StoredStatus = {
    id: world.stored.length + 1,
    sha,
    state: body["state"] ?? "",
    description: body["description"] ?? null,
    target_url: body["target_url"] ?? null,
    context: body["context"] ?? "default",
    created_at: new Date().toISOString(),
  };
  world.stored.push(status);
  return status;
}

function present({ sha, ...status }: StoredStatus): unknown {
  return {
    ...status,
    url: `https://api.github.com/repos/acme/fleet/statuses/${sha}`,
    avatar_url: null,
    node_id: `node-${status.id}`,
    updated_at: status.created_at,
    creator: null,
  };
}

/** What we fake must be as GitHub describes it too. */
function checked(operation: OperationName, answer: Answer): Answer {
  if (!ajv.validate(pointer(operation, "answer"), answer.body)) {
    throw new Error(`the stand-in answers ${operation} wrongly: ${ajv.errorsText()}`);
  }
  return answer;
}

function pointer(operation: OperationName, part: "body" | "answer"): { $ref: string } {
  const name = operation.replaceAll("~", "~0").replaceAll("/", "~1");
  return { $ref: `github#/operations/${encodeURIComponent(name)}/${part}` };
}

function refuse(status: number, message: string): Answer {
  return { status, body: { message, documentation_url: "https://docs.github.com/rest" } };
}

function violation(world: World, status: number, message: string): Answer {
  world.violations.push(message);
  return refuse(status, message);
}
