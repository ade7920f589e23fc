/** What an answer of an API server says; anything that is none is a failure, and never an absence. */
import { type JsonObject, isJsonObject } from "../../core/model/json.ts";
import type { KubeObject } from "../../core/model/kube-object.ts";
import { type RequestSubject, UnansweredError, apiErrorOf } from "./api-error.ts";
import type { ApiAnswer } from "./connection.ts";

/** The body of an answer that says yes. The subject is only made where something is to be said of it. */
export function expectObject(answer: ApiAnswer, subject: () => RequestSubject): JsonObject {
  if (answer.status < 200 || answer.status > 299) throw apiErrorOf(answer, subject());
  if (!isJsonObject(answer.body)) throw notAnObject(answer.status, subject());
  return answer.body;
}

/** The object that an answer says yes with. */
export function expectKubeObject(answer: ApiAnswer, subject: () => RequestSubject): KubeObject {
  return asKubeObject(expectObject(answer, subject), subject);
}

/** Only an API server's own word that the object is not there; a proxy's 404 page says nothing about it. */
export function isAbsence(answer: ApiAnswer): boolean {
  return answer.status === 404 && isStatus(answer) && answer.body["reason"] === "NotFound";
}

/** Whether an API server says how a request ended, and not a proxy or a path that leads to nothing. */
export function isStatus(answer: ApiAnswer): answer is ApiAnswer & { readonly body: JsonObject } {
  return isJsonObject(answer.body) && answer.body["kind"] === "Status";
}

/** What is said of an answer that no API server gives. */
export function notAnObject(status: number, subject: RequestSubject): UnansweredError {
  return new UnansweredError(
    `cannot ${subject.verb} ${subject.describe}: the answer (${status}) is not what an API server sends`,
    { hint: "it is tried again; look for a proxy in between" },
  );
}

/** A body as an object; refuses one that names no kind or name. */
export function asKubeObject(body: JsonObject, subject: () => RequestSubject): KubeObject {
  const { apiVersion, kind } = body;
  const name = metadataOf(body)["name"];
  if (typeof apiVersion === "string" && typeof kind === "string" && typeof name === "string") {
    return body as KubeObject; // just checked
  }
  throw notAnObject(200, subject());
}

/** The metadata of a body; empty where it has none. */
export function metadataOf(body: JsonObject): JsonObject {
  const metadata = body["metadata"];
  return isJsonObject(metadata) ? metadata : {};
}
