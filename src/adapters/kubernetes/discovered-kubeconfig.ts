/**
 * A kubeconfig that was found, not given by the operator: whoever wrote it may name any server. In: its text. Out: what of
 * it may be used, and nothing else, so that no reader of it ever sees a path or a program.
 */
import { FleetError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/model/json.ts";
import { type NamedByContext, namedByContext } from "./kubeconfig-fields.ts";

/** Texts, all of them. What is not here is refused. */
const allowed = {
  cluster: ["server", "certificate-authority-data", "tls-server-name"],
  user: ["token", "client-certificate-data", "client-key-data"],
} as const;

/** Fields that say nothing of where a request goes, or of who sends it; they are left out. */
const unheeded: readonly string[] = ["disable-compression", "extensions"];

type Reason = readonly [what: string, hint: string];

const inAuthorityData = "put its authority's certificate into certificate-authority-data";
const tokenItself = "write the token itself into token";
const noProgram: Reason = ["wants to run a program to log in", "use a token or a certificate"];
const file = (hint: string): Reason => ["names a file of this machine", hint];
const reasons: ReadonlyMap<string, Reason> = new Map([
  ["certificate-authority", file(inAuthorityData)],
  ["client-certificate", file("put it into client-certificate-data")],
  ["client-key", file("put it into client-key-data")],
  ["tokenFile", file(tokenItself)],
  ["token-file", file(tokenItself)],
  ["exec", noProgram],
  ["auth-provider", noProgram],
  ["insecure-skip-tls-verify", ["would not check who the server is", inAuthorityData]],
  ["proxy-url", ["names a proxy", "take it out: Flotilla goes through none"]],
]);

/**
 * The current context of it, as it may be used: an https server, with the certificate of its authority, and a token or a
 * client certificate with its key, all inline. CLUSTER_AUTH with the field and a hint for anything else.
 */
export function readDiscovered(text: string): {
  readonly text: string;
  readonly named: NamedByContext;
} {
  const { cluster, user } = namedByContext(text);
  const named = { cluster: usable(cluster, "cluster"), user: usable(user, "user") };
  const { server } = named.cluster;
  if (typeof server !== "string") {
    throw refused(
      "has no current context with a cluster",
      "correct current-context, or take it out",
    );
  }
  if (URL.parse(server)?.protocol !== "https:") {
    throw refused("names a server by something other than https", "use https");
  }
  const name = "discovered";
  const config = {
    clusters: [{ name, cluster: named.cluster }],
    users: [{ name, user: named.user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  return { text: JSON.stringify(config), named };
}

function usable(fields: JsonObject, part: keyof typeof allowed): JsonObject {
  const names: readonly string[] = allowed[part];
  const said = Object.entries(fields).filter(
    ([field, value]) =>
      !unheeded.includes(field) && value !== null && value !== "" && value !== false,
  );
  for (const [field, value] of said) {
    if (!names.includes(field) || typeof value !== "string") throw notAllowed(field, part);
  }
  return Object.fromEntries(said);
}

function notAllowed(field: string, part: keyof typeof allowed): FleetError {
  const reason = reasons.get(field);
  if (reason !== undefined) return refused(`${reason[0]} (${field})`, reason[1]);
  const shown = JSON.stringify(field.slice(0, 60));
  return refused(
    `has what a discovered one may not have (${part} field ${shown})`,
    `as texts it may have ${allowed.cluster.join(", ")}, ${allowed.user.join(", ")}: nothing else`,
  );
}

function refused(what: string, hint: string): FleetError {
  return new FleetError("CLUSTER_AUTH", `the discovered kubeconfig ${what}`, { hint });
}
