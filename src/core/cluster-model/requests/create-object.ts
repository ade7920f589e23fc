/** POST to a collection. */
import type { ApiRequest, ApiResponse } from "../api-request.ts";
import type { Cluster } from "../cluster.ts";
import { badRequest, methodNotAllowed } from "../status-failure.ts";
import { metadataOf, textOf } from "../stored-object.ts";
import type { ResourcePath } from "./parse-path.ts";
import { presentObject, readPresentation } from "./present-object.ts";
import { readBodyObject } from "./read-body-object.ts";
import { storeNew } from "./store-object.ts";
import { readWriteOptions } from "./write-options.ts";

/** Creates an object: 201 with the object. */
export function createObject(
  cluster: Cluster,
  request: ApiRequest,
  target: ResourcePath,
): ApiResponse {
  const { type } = target;
  if (type.namespaced && target.namespace === "") throw methodNotAllowed();
  const presentation = readPresentation(request.accept, cluster.now);
  const options = readWriteOptions(request);
  const body = readBodyObject(request, target);
  const { name, generateName } = metadataOf(body);
  if (textOf(name) === "" && textOf(generateName) === "") {
    throw badRequest("name or generateName is required");
  }
  const warnings: string[] = [];
  const stored = storeNew({ cluster, target, options, warnings }, body, "update");
  return { status: 201, body: presentObject(stored, type, presentation), warnings };
}
