/** What requests to objects have in common: where an object is, as whom it is asked for, and what is said of the answer. */
import { FleetError } from "../../core/errors.ts";
import { describeKey } from "../../core/model/kube-object.ts";
import { type RequestSubject, UnknownKindError } from "./api-error.ts";
import type { ApiAnswer, Connection } from "./connection.ts";
import { type ApiResource, type Discovery, collectionPath } from "./discovery.ts";
import type { ApiRequest } from "./exchange.ts";
import type { ObjectAddress } from "./object-address.ts";
import { isStatus } from "./read-answer.ts";

/** A service account of the cluster. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** The way to a cluster. */
export interface Requests {
  readonly connection: Connection;
  readonly discovery: Discovery;
  /** As whom is written; what is read along the way is asked without it. */
  readonly account?: ServiceAccount;
}

/** A request to objects, as the account where there is one. A 404 that is no Status: the kind that was remembered is not served (there) any more. */
export async function send(
  { connection, discovery, account }: Requests,
  request: ApiRequest,
): Promise<ApiAnswer> {
  // The API server adds the groups that a service account is in.
  const as = account && {
    impersonate: `system:serviceaccount:${account.namespace}:${account.name}`,
  };
  const answer = await connection.send({ ...request, ...as });
  if (answer.status === 404 && !isStatus(answer)) discovery.forget();
  return answer;
}

/** The path of an object; throws where the cluster does not serve its kind, or not so. */
export async function objectPath(
  context: Requests,
  target: ObjectAddress,
  signal?: AbortSignal,
): Promise<string> {
  const base = collectionPath(
    target.apiVersion,
    await resourceOf(context, target, signal),
    target.namespace,
  );
  return `${base}/${encodeURIComponent(target.name)}`;
}

/** Where the cluster keeps objects of this kind; an object of the wrong scope would be another one there. */
export async function resourceOf(
  context: Requests,
  target: ObjectAddress,
  signal?: AbortSignal,
): Promise<ApiResource> {
  const { apiVersion, kind, namespace } = target;
  const found = await context.discovery.find(apiVersion, kind, signal);
  if (found === undefined) throw new UnknownKindError(apiVersion, kind);
  if (found.namespaced === (namespace !== "")) return found;
  const where = found.namespaced ? "in namespaces only" : "without namespaces";
  throw new FleetError(
    "API_REFUSED",
    `${describeKey({ ...target, group: "" })}: the cluster has ${kind} ${where}`,
    { hint: `${found.namespaced ? "give it" : "take out"} metadata.namespace` },
  );
}

/** What was asked of an object, and as whom, for messages. */
export function subjectOf(
  verb: string,
  target: ObjectAddress,
  { account }: Requests,
): RequestSubject {
  const describe = describeKey({ ...target, group: "" });
  const as = account && { account: `${account.namespace}/${account.name}` };
  return { verb, describe, secret: target.kind === "Secret", ...as };
}
