/**
 * One request to one cluster: (state, request, time) -> answer. The state is changed in place, objects never are.
 * What the controllers had to do until then is done first, so an answer depends on nothing but what was asked when.
 * A request outside of what docs/reference/simulator.md promises is answered 501.
 */
import type { ApiRequest, ApiResponse } from "./api-request.ts";
import type { Cluster } from "./cluster.ts";
import { advance } from "./controllers/advance.ts";
import { answerDiscovery, answerUnserved } from "./requests/answer-discovery.ts";
import { type ResourcePath, parseResourcePath } from "./requests/parse-path.ts";
import { createObject } from "./requests/create-object.ts";
import { deleteCollection, deleteObject } from "./requests/delete-object.ts";
import { patchObject } from "./requests/patch-object.ts";
import { readObject, readObjects } from "./requests/read-objects.ts";
import { replaceObject } from "./requests/replace-object.ts";
import { StatusFailure, methodNotAllowed, notModelled } from "./status-failure.ts";

/** Answers a request at a time (ms since 1970). */
export function handleRequest(cluster: Cluster, request: ApiRequest, now: number): ApiResponse {
  advance(cluster, now);
  try {
    return route(cluster, request);
  } catch (error) {
    if (!(error instanceof StatusFailure)) throw error;
    return { status: error.code, body: error.status };
  }
}

function route(cluster: Cluster, request: ApiRequest): ApiResponse {
  const target = parseResourcePath(cluster, request.path);
  if (target !== undefined) return answerResource(cluster, request, target);
  const answer = answerDiscovery(cluster, request) ?? answerUnserved(cluster, request.path);
  if (answer !== undefined) return answer;
  throw notModelled(`${request.method} ${request.path}`);
}

function answerResource(cluster: Cluster, request: ApiRequest, target: ResourcePath): ApiResponse {
  const { subresource, type } = target;
  if (subresource !== "" && !type.subresources.includes(subresource)) {
    throw notModelled(`${request.method} ${request.path}`);
  }
  return target.name === ""
    ? answerCollection(cluster, request, target)
    : answerObject(cluster, request, target);
}

function answerCollection(
  cluster: Cluster,
  request: ApiRequest,
  target: ResourcePath,
): ApiResponse {
  switch (request.method) {
    case "GET":
      return readObjects(cluster, request, target);
    case "POST":
      return createObject(cluster, request, target);
    case "DELETE":
      return deleteCollection(cluster, request, target);
    default:
      throw methodNotAllowed();
  }
}

function answerObject(cluster: Cluster, request: ApiRequest, target: ResourcePath): ApiResponse {
  switch (request.method) {
    case "GET":
      return readObject(cluster, request, target);
    case "PUT":
      return replaceObject(cluster, request, target);
    case "PATCH":
      return patchObject(cluster, request, target);
    case "DELETE":
      if (target.subresource !== "") throw methodNotAllowed();
      return deleteObject(cluster, request, target);
    default:
      throw methodNotAllowed();
  }
}
