import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { RequestOptions } from "node:https";
import type { Cluster, KubeConfig } from "@kubernetes/client-node";
import { FleetError } from "../../core/errors.ts";
import { isJsonObject } from "../../core/model/json.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type NamedByContext, absoluteFile } from "./kubeconfig-fields.ts";
import { type LoginAnswer, LoginError, runLoginProgram } from "./login-program.ts";

/** Where a cluster is and how to prove who we are, ready for a connection. */
export interface ClusterCredentials {
  /** `https://host:port`, without a path. */
  readonly origin: string;
  /** Path prefix of the API, "" or `/k8s/clusters/c1`. */
  readonly basePath: string;
  readonly tls: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  readonly authorization?: string;
}

/**
 * `path` is where the text was read, for relative file names in it; without it the text was discovered, and no file and no
 * program that it names is followed. `allowExec` lets it run a program.
 */
export interface KubeconfigOptions {
  readonly path?: string;
  readonly allowExec: boolean;
  readonly clock: Clock;
  /** Nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** The same text, read. */
  readonly named: NamedByContext;
}

const execTimeoutMs = 30_000;

/**
 * Resolves the current context of a kubeconfig: CLUSTER_AUTH when it has none, is no kubeconfig, wants to run a program
 * that is not allowed, or that program does not answer within 30 s; it is ended then. Its messages never hold a credential.
 */
export async function resolveCredentials(
  text: string,
  options: KubeconfigOptions,
): Promise<ClusterCredentials> {
  const config = await parseKubeconfig(text, options);
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) throw refused(options, "has no current context with a cluster");
  refuseUnsafe(config, cluster, options);
  refuseUnheeded(options);
  const login = await logIn(config, options);
  const tls: RequestOptions = {};
  await withTimeout(config.applyToHTTPSOptions(tls), options);
  const token = await readToken(options);
  const credentials = credentialsOf(cluster, tls, config.getCurrentUser()?.token);
  const bearer = token ?? (credentials.authorization === undefined ? login.token : undefined);
  return {
    ...credentials,
    tls: { ...credentials.tls, ...pem("cert", login.cert), ...pem("key", login.key) },
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  };
}

/** What the program of the kubeconfig gives, which the library would start and never end. */
async function logIn(config: KubeConfig, options: KubeconfigOptions): Promise<LoginAnswer> {
  const { exec } = options.named.user;
  const { path, clock, signal } = options;
  if (!isJsonObject(exec) || path === undefined) return {};
  config.users = config.users.map((user) => ({ ...user, exec: undefined }));
  const { cluster } = options.named;
  try {
    const timeoutMs = execTimeoutMs;
    return await runLoginProgram(exec, { path, cluster, timeoutMs, clock, signal });
  } catch (error) {
    if (error instanceof LoginError) throw refused(options, error.message);
    throw error;
  }
}

async function parseKubeconfig(text: string, options: KubeconfigOptions): Promise<KubeConfig> {
  const client = await import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  try {
    config.loadFromString(text);
    if (options.path !== undefined) config.makePathsAbsolute(dirname(options.path));
    return config;
  } catch {
    throw refused(options, "is not a kubeconfig"); // the parser's message may quote credentials
  }
}

function refuseUnsafe(config: KubeConfig, cluster: Cluster, options: KubeconfigOptions): void {
  if (cluster.server.startsWith("http:") && !cluster.skipTLSVerify) {
    throw refused(options, "names a server over plain http", {
      hint: "use https, or set insecure-skip-tls-verify: true if nobody can listen in between",
    });
  }
  refuseProgram(config.getCurrentUser(), options);
}

function refuseProgram(
  user: ReturnType<KubeConfig["getCurrentUser"]>,
  options: KubeconfigOptions,
): void {
  if (!options.allowExec && (user?.exec || user?.authProvider)) {
    throw refused(options, "wants to run a program to log in, which is not allowed", {
      hint: "set allowExec: true for this site, or use a token or a certificate",
    });
  }
  const provider: unknown = user?.authProvider?.name;
  if (provider !== undefined && provider !== "oidc") {
    throw refused(options, "names an auth-provider that Kubernetes has given up", {
      hint: "use exec with the program of the provider, a token or a certificate",
    });
  }
}

/** What would be left out without a word: the way to the cluster, or who speaks, would be another one. */
function refuseUnheeded(options: KubeconfigOptions): void {
  const { cluster, user } = options.named;
  if (cluster["proxy-url"] !== undefined) {
    throw refused(options, "names a proxy (proxy-url), and Flotilla goes through none", {
      hint: "take it out, and let the worker run where it reaches the cluster",
    });
  }
  if (Object.keys(user).some((field) => field === "as" || field.startsWith("as-"))) {
    throw refused(options, "speaks for somebody else (as), which Flotilla does not do", {
      hint: "name a user with the rights that are meant",
    });
  }
}

async function readToken(options: KubeconfigOptions): Promise<string | undefined> {
  const { tokenFile } = options.named.user;
  const { path } = options;
  if (typeof tokenFile !== "string" || tokenFile === "" || path === undefined) return undefined;
  try {
    return (await readFile(absoluteFile(tokenFile, path), "utf8")).trim();
  } catch {
    throw refused(options, "names a token file that cannot be read", {
      hint: `write ${tokenFile}, or correct tokenFile`,
    });
  }
}

function credentialsOf(
  cluster: Cluster,
  tls: RequestOptions,
  token: string | undefined,
): ClusterCredentials {
  const url = new URL(cluster.server);
  const servername = tls.servername ?? cluster.tlsServerName;
  const authorization = authorizationOf(tls) ?? (token ? `Bearer ${token}` : undefined);
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ""),
    tls: {
      ...pem("ca", tls.ca),
      ...pem("cert", tls.cert),
      ...pem("key", tls.key),
      ...(servername !== undefined && servername !== "" && { servername }),
      ...(tls.rejectUnauthorized !== undefined && { rejectUnauthorized: tls.rejectUnauthorized }),
    },
    ...(authorization !== undefined && { authorization }),
  };
}

function authorizationOf(tls: RequestOptions): string | undefined {
  if (typeof tls.auth === "string") return `Basic ${Buffer.from(tls.auth).toString("base64")}`;
  const headers = tls.headers;
  if (headers === undefined || Array.isArray(headers)) return undefined;
  // A single header is one string; client-node sets it under this name.
  const value = (headers as Readonly<Record<string, unknown>>)["Authorization"];
  return typeof value === "string" ? value : undefined;
}

function pem<K extends string>(key: K, value: unknown): Partial<Record<K, string | Buffer>> {
  if (typeof value !== "string" && !Buffer.isBuffer(value)) return {};
  // A computed key widens to string: the record has exactly this one.
  return { [key]: value } as Partial<Record<K, string | Buffer>>;
}

async function withTimeout(work: Promise<void>, options: KubeconfigOptions): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(refused(options, "names an auth-provider that does not answer")),
      execTimeoutMs,
    );
  });
  try {
    await Promise.race([work, timeout]);
  } catch (error) {
    if (error instanceof FleetError) throw error;
    throw refused(options, "gives no usable credentials"); // the cause may quote them
  } finally {
    clearTimeout(timer);
  }
}

function refused(
  options: KubeconfigOptions,
  what: string,
  more: { hint?: string } = {},
): FleetError {
  const name = options.path === undefined ? "the kubeconfig" : `the kubeconfig ${options.path}`;
  return new FleetError("CLUSTER_AUTH", `${name} ${what}`, more);
}
