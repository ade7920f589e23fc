/** What the schema of the controller's config cannot say: which fields need each other. */
import { isLoopback, parseListenAddress } from "../adapters/http/listen-address.ts";
import { FleetError } from "../core/errors.ts";
import type { ConfigMistake } from "../runtime/read-config.ts";
import type { ControllerConfig } from "./config.ts";

/** Every mistake; none in a config that may run. */
export function controllerMistakes(config: ControllerConfig): readonly ConfigMistake[] {
  return [...listenMistakes(config), ...issuerMistakes(config), ...sshMistakes(config)];
}

/** Whoever runs a config that no file was read for meets the same rules: USAGE with the first mistake. */
export function requireSound(config: ControllerConfig): void {
  const [first] = controllerMistakes(config);
  if (first === undefined) return;
  const { path, message, hint } = first;
  throw new FleetError("USAGE", `${path.join(".")}: ${message}`, { hint, retry: "never" });
}

function listenMistakes(config: ControllerConfig): ConfigMistake[] {
  const { listen = "127.0.0.1:0" } = config;
  const path = ["listen"];
  try {
    if (parseListenAddress(listen).isLocal) return [];
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return [{ path, message: error.message, hint: error.hint ?? "" }];
  }
  const missing = missingBeyondLoopback(config);
  if (missing.length === 0) return [];
  const message = `other machines reach ${listen}, so TLS and named callers are needed: set ${missing.join(" and ")}`;
  return [{ path, message, hint: "or listen on 127.0.0.1" }];
}

function missingBeyondLoopback({ tls, access = {} }: ControllerConfig): string[] {
  const hasCallers = access.tokensFile !== undefined || access.oidc !== undefined;
  return [
    ...(tls === undefined ? ["tls"] : []),
    ...(hasCallers ? [] : ["access.tokensFile or access.oidc"]),
  ];
}

/** Keys that are fetched in the clear could be anybody's. */
function issuerMistakes({ access }: ControllerConfig): ConfigMistake[] {
  const issuer = access?.oidc?.issuer;
  if (issuer === undefined || isIssuer(URL.parse(issuer))) return [];
  return [
    {
      path: ["access", "oidc", "issuer"],
      message: "the issuer must be an https:// URL without credentials, query and fragment",
      hint: "copy `issuer` from its discovery document",
    },
  ];
}

/** Plain http is for an issuer on this machine. */
function isIssuer(url: URL | null): boolean {
  if (url === null || url.username + url.password + url.search + url.hash !== "") return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && isLoopback(url.hostname.replaceAll(/[[\]]/g, ""));
}

function sshMistakes({ fleet }: ControllerConfig): ConfigMistake[] {
  const isSsh = /^ssh:\/\/|^[\w.-]+@[\w.-]+:/.test(fleet.url);
  if (isSsh && fleet.ssh === undefined) {
    const hint = "set fleet.ssh.keyFile and fleet.ssh.knownHostsFile";
    return [{ path: ["fleet", "url"], message: "a repository over ssh needs a key", hint }];
  }
  if (!isSsh && fleet.ssh !== undefined) {
    const message = "fleet.ssh is only for a repository over ssh";
    const hint =
      "write fleet.url as ssh://USER@HOST/PATH or USER@HOST:PATH, or leave fleet.ssh out";
    return [{ path: ["fleet", "ssh"], message, hint }];
  }
  if (isSsh && fleet.tokenFile !== undefined) {
    const message = "fleet.tokenFile is only for a repository over https";
    return [{ path: ["fleet", "tokenFile"], message, hint: "leave it out: fleet.ssh has the key" }];
  }
  return [];
}
