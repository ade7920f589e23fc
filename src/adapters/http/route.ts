import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../../core/protocol/caller.ts";

/** What a handler gets to know of a request. */
export interface RouteContext {
  readonly method: string;
  readonly path: string;
  /** Values of `:name` segments, decoded, and of a last `*` as `rest`. Never with `/`, `\` or `..` in a segment. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Aborts when the client has gone or the server stops: whoever streams ends then. */
  readonly signal: AbortSignal;
  /** The `Authorization` header as sent. */
  readonly authorization: string | undefined;
  /** The address that the request came from. */
  readonly peer: string;
  /** Whom `authorize` of the route found; undefined before it, and where it finds nobody. */
  readonly caller?: Caller | undefined;
}

/** Who was found, where a credential names somebody. */
type Authorized = Caller | void;

interface RouteBase {
  /** `GET` and so on; `*` for any. */
  readonly method: string;
  /** `/api/v1/rollout/:verb`, `/mirrors/:mirror.git/*`: a literal, a `:name` up to `/` or a literal behind it, `*` at the end. */
  readonly path: string;
  /** Throws UNAUTHORIZED or FORBIDDEN; see `requireBearer`, `requireBasic`. Absent: whoever reaches the server. */
  readonly authorize?: (context: RouteContext) => Authorized | Promise<Authorized>;
}

/** JSON in, JSON out. What `handle` returns is answered with 200; a FleetError as its status. */
interface JsonRoute extends RouteBase {
  readonly kind: "json";
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** `body` is undefined when the request has none. */
  readonly handle: (context: RouteContext, body: unknown) => unknown;
}

/** The handler reads and writes by itself (git, streams). What it throws before its first byte is answered as of a JsonRoute. */
interface RawRoute extends RouteBase {
  readonly kind: "raw";
  readonly handle: (
    context: RouteContext,
    request: IncomingMessage,
    response: ServerResponse,
  ) => void | Promise<void>;
}

export type Route = JsonRoute | RawRoute;

/** A route with its pattern compiled. */
export interface CompiledRoute {
  readonly route: Route;
  readonly pattern: RegExp;
}

export function compileRoute(route: Route): CompiledRoute {
  const source = route.path
    .split(/(?<token>:[A-Za-z]+|\*$)/)
    .map((part) => {
      if (part === "*") return "(?<rest>.+)";
      if (part.startsWith(":")) return `(?<${part.slice(1)}>[^/]+?)`;
      return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    })
    .join("");
  return { route, pattern: new RegExp(`^${source}$`) };
}

/** The decoded params when the path belongs to the route; undefined when not, or when a segment is unsafe. */
export function matchRoute(
  { pattern }: CompiledRoute,
  path: string,
): Readonly<Record<string, string>> | undefined {
  const groups = pattern.exec(path)?.groups;
  if (groups === undefined) return pattern.test(path) ? {} : undefined;
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups)) {
    const segments = value.split("/").map(decodeSegment);
    if (!segments.every((segment) => segment !== undefined)) return undefined;
    params[name] = segments.join("/");
  }
  return params;
}

/** Undefined for what would be another path on disk than it looks like in the URL. */
function decodeSegment(segment: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    return undefined; // a lone `%`: nothing that we serve
  }
  // oxlint-disable-next-line no-control-regex -- NUL is exactly what must not reach a path
  if (/[/\\\u0000]/.test(decoded) || decoded === ".." || decoded === ".") return undefined;
  return decoded;
}
