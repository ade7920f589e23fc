/** A cluster that refuses the worker's credentials: why, as far as it can be told from them. */
import { X509Certificate } from "node:crypto";
import { FleetError } from "../../core/errors.ts";
import { isJsonObject } from "../../core/model/json.ts";
import type { ClusterCredentials } from "./credentials.ts";
import type { Answer } from "./exchange.ts";

/** CLUSTER_AUTH; `path` is that of the kubeconfig, or "". */
export function unauthorized(
  { origin, tls }: ClusterCredentials,
  { path, now, status }: { readonly path: string; readonly now: number; readonly status: number },
): FleetError {
  const where = path === "" ? "" : ` in ${path}`;
  const kind = tls.cert === undefined ? "token" : `client certificate${expiry(tls, now)}`;
  return new FleetError("CLUSTER_AUTH", `${origin} refuses the credentials (${status})`, {
    hint: `renew the ${kind}${where}, which is read again by itself`,
  });
}

/** The server took whoever asked for nobody in particular. */
export function isOfNobody({ body }: Answer): boolean {
  const message = isJsonObject(body) ? body["message"] : undefined;
  return typeof message === "string" && message.includes('"system:anonymous"');
}

/** The client certificate is one that has expired. */
export function hasExpired(tls: ClusterCredentials["tls"], now: number): boolean {
  return expiry(tls, now) !== "";
}

/** That the client certificate has expired, in words behind its name; "" where it has not, or cannot be read. */
function expiry({ cert }: ClusterCredentials["tls"], now: number): string {
  if (cert === undefined) return "";
  try {
    const until = new X509Certificate(cert).validToDate;
    return until.getTime() < now ? `, which has expired at ${until.toISOString()},` : "";
  } catch {
    return "";
  }
}
