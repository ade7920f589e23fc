/** PATCH of an object, its status or its scale: JSON patch, merge patch, strategic merge patch, server-side apply. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { applyJsonPatch } from "../../render/json-patch.ts";
import { builtInSchema } from "../../render/merge-schema.ts";
import { strategicMerge } from "../../render/strategic-merge.ts";
import type { ApiRequest, ApiResponse } from "../api-request.ts";
import type { Cluster } from "../cluster.ts";
import { keyOf } from "../object-store.ts";
import { type ResourceType, apiVersionOf } from "../resource-types.ts";
import {
  StatusFailure,
  badRequest,
  conflict,
  notFound,
  notModelled,
  unsupportedMediaType,
} from "../status-failure.ts";
import { type StoredObject, metadataOf, textOf } from "../stored-object.ts";
import { trackApply } from "../track-fields.ts";
import { mergePatch } from "./merge-patch.ts";
import type { ResourcePath } from "./parse-path.ts";
import { inVersion, presentObject, readPresentation } from "./present-object.ts";
import { checkIdentity } from "./read-body-object.ts";
import { scaleOf, withScale } from "./scale-object.ts";
import { type Write, storeChange, storeNew } from "./store-object.ts";
import { readWriteOptions } from "./write-options.ts";

const applyType = "application/apply-patch+yaml";
const binaryApplyType = "application/apply-patch+cbor";
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  applyType,
  binaryApplyType,
];
const strategicType = "application/strategic-merge-patch+json";

/** Patches an object: 200, or 201 when an apply created it. */
export function patchObject(
  cluster: Cluster,
  request: ApiRequest,
  target: ResourcePath,
): ApiResponse {
  const presentation = readPresentation(request.accept, cluster.now);
  const mediaType = request.contentType.split(";")[0]?.trim() ?? "";
  if (mediaType === binaryApplyType) throw notModelled(`bodies of type ${mediaType}`);
  const options = readWriteOptions(request);
  const write: Write = { cluster, target, options, isPatch: true, warnings: [] };
  const { type, subresource, namespace, name } = target;
  const live = cluster.store.get(type.resource, keyOf(namespace, name));
  const isApply = mediaType === applyType;
  if (!isApply && options.force) throw forceOutsideOfApply();
  const stored = isApply
    ? applyPatch(write, request, live)
    : changeByPatch(write, live, { mediaType, body: request.body });
  const status = live === undefined ? 201 : 200;
  if (subresource === "scale") return { status, body: scaleOf(stored, type) };
  return { status, body: presentObject(stored, type, presentation), warnings: write.warnings };
}

function wrongOption(field: string, reason: string, message: string): StatusFailure {
  return new StatusFailure(422, "Invalid", {
    message: `PatchOptions.meta.k8s.io "" is invalid: ${field}: ${message}`,
    details: {
      group: "meta.k8s.io",
      kind: "PatchOptions",
      causes: [{ reason, message, field }],
    },
  });
}

function applyPatch(
  write: Write,
  request: ApiRequest,
  live: StoredObject | undefined,
): StoredObject {
  const { target } = write;
  if ((request.query.get("fieldManager") ?? "") === "") throw managerMissing();
  const applied = appliedObject(request.body, target);
  const { name } = metadataOf(applied);
  if (name !== undefined && name !== target.name) {
    throw badRequest(
      `the name of the object (${textOf(name)}) does not match the name on the URL (${target.name})`,
    );
  }
  if (live === undefined && target.subresource !== "") throw notFound(target.type, target.name);
  const merged = trackApply(write, live, applied);
  if (!merged.ok) {
    const { causes, message } = merged;
    throw conflict(target.type, target.name, { message, causes });
  }
  if (live === undefined) return storeNew(write, merged.object, "applied");
  return merged.object === live
    ? live
    : storeChange(write, live, { proposed: merged.object, ownership: "applied" });
}

function managerMissing(): StatusFailure {
  const message = "Required value: is required for apply patch";
  return wrongOption("fieldManager", "FieldValueRequired", message);
}

function forceOutsideOfApply(): StatusFailure {
  const message = "Forbidden: may not be specified for non-apply patch";
  return wrongOption("force", "FieldValueForbidden", message);
}

function appliedObject(body: Json | undefined, target: ResourcePath): JsonObject {
  if (!isJsonObject(body)) throw badRequest("the body of the request is not an object");
  if (textOf(body["apiVersion"]) === "" || textOf(body["kind"]) === "") {
    throw badRequest(
      "couldn't get version/kind; json parse error: apiVersion and kind must be set",
    );
  }
  if (metadataOf(body)["managedFields"] !== undefined) {
    throw badRequest("metadata.managedFields must be nil");
  }
  return checkIdentity(body, target);
}

interface PatchBody {
  readonly mediaType: string;
  readonly body: Json | undefined;
}

function changeByPatch(
  write: Write,
  live: StoredObject | undefined,
  patch: PatchBody,
): StoredObject {
  const { type, name, subresource } = write.target;
  const isStrategic = patch.mediaType === strategicType;
  if (!(isStrategic && type.custom === undefined) && !patchTypes.includes(patch.mediaType)) {
    throw unsupportedMediaType(
      type.custom === undefined ? [...patchTypes, strategicType] : patchTypes,
    );
  }
  if (live === undefined) throw notFound(type, name);
  const shown = subresource === "scale" ? scaleOf(live, type) : inVersion(live, type);
  const patched = patchedObject(shown, patch, type);
  const proposed = subresource === "scale" ? withScale(live, patched) : patched;
  return storeChange(write, live, { proposed, ownership: "update" });
}

function patchedObject(
  live: JsonObject,
  { mediaType, body }: PatchBody,
  type: ResourceType,
): JsonObject {
  if (mediaType === "application/json-patch+json") return jsonPatched(live, body);
  if (!isJsonObject(body)) throw badRequest("the patch is not an object");
  if (mediaType !== strategicType) return mergePatch(live, body);
  const schema = builtInSchema(apiVersionOf(type), type.kind);
  if (schema === undefined) return mergePatch(live, body);
  const merged = strategicMerge(live, body, schema);
  if (!merged.ok) throw badRequest(`${merged.path}: ${merged.message}`);
  return merged.value;
}

function jsonPatched(live: JsonObject, body: Json | undefined): JsonObject {
  if (!Array.isArray(body)) throw badRequest("the JSON patch is not a list of operations");
  const result = applyJsonPatch(live, body);
  if (!result.ok) {
    throw new StatusFailure(422, "Invalid", {
      message: `the server rejected our request due to an error in our request: operation ${result.operation}: ${result.message}`,
      details: {},
    });
  }
  if (!isJsonObject(result.value)) throw badRequest("the patched document is not an object");
  return result.value;
}
