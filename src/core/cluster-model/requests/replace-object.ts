/** PUT of an object, its status or its scale. */
import type { ApiRequest, ApiResponse } from "../api-request.ts";
import type { Cluster } from "../cluster.ts";
import { badRequest } from "../status-failure.ts";
import { metadataOf, textOf } from "../stored-object.ts";
import type { ResourcePath } from "./parse-path.ts";
import { presentObject, readPresentation } from "./present-object.ts";
import { readBodyObject } from "./read-body-object.ts";
import { liveObject } from "./read-objects.ts";
import { scaleOf, withScale } from "./scale-object.ts";
import { storeChange } from "./store-object.ts";
import { readWriteOptions } from "./write-options.ts";

/** Replaces what is there: 404 when there is nothing, 409 when it is another version than the one that is named. */
export function replaceObject(
  cluster: Cluster,
  request: ApiRequest,
  target: ResourcePath,
): ApiResponse {
  const presentation = readPresentation(request.accept, cluster.now);
  const options = readWriteOptions(request);
  const { type, subresource } = target;
  const body = readBodyObject(request, target);
  const live = liveObject(cluster, target);
  const { name } = metadataOf(body);
  if (name !== undefined && name !== target.name) {
    throw badRequest(
      `the name of the object (${textOf(name)}) does not match the name on the URL (${target.name})`,
    );
  }
  const warnings: string[] = [];
  const write = { cluster, target, options, warnings };
  const proposed = subresource === "scale" ? withScale(live, body) : body;
  const stored = storeChange(write, live, { proposed, ownership: "update" });
  if (subresource === "scale") return { status: 200, body: scaleOf(stored, type) };
  return { status: 200, body: presentObject(stored, type, presentation), warnings };
}
