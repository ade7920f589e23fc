/** The object in the body of a POST or PUT. */
import { type JsonObject, isJsonObject } from "../../model/json.ts";
import type { ApiRequest } from "../api-request.ts";
import { apiVersionOf } from "../resource-types.ts";
import { badRequest, notModelled, unsupportedMediaType } from "../status-failure.ts";
import { metadataOf, textOf } from "../stored-object.ts";
import type { ResourcePath } from "./parse-path.ts";

const accepted = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/cbor",
];

/** A real server reads them too. */
const binaryTypes = new Set(["application/vnd.kubernetes.protobuf", "application/cbor"]);

/** The body as an object of the kind that the path names; 400 or 415 when it is none. */
export function readBodyObject(request: ApiRequest, target: ResourcePath): JsonObject {
  const mediaType = request.contentType.split(";")[0]?.trim() ?? "";
  if (binaryTypes.has(mediaType)) throw notModelled(`bodies of type ${mediaType}`);
  if (mediaType !== "" && mediaType !== "application/json" && mediaType !== "application/yaml") {
    throw unsupportedMediaType(accepted);
  }
  const { body } = request;
  if (!isJsonObject(body)) throw badRequest("the body of the request is not an object");
  return checkIdentity(body, target);
}

/** Kind and namespace must be those of the path; what is left out is filled in. */
export function checkIdentity(body: JsonObject, target: ResourcePath): JsonObject {
  const { type, subresource } = target;
  if (subresource === "scale") return body;
  const expected = { apiVersion: apiVersionOf(type), kind: type.kind };
  const apiVersion = textOf(body["apiVersion"]) || expected.apiVersion;
  const kind = textOf(body["kind"]) || expected.kind;
  const isExpected = apiVersion === expected.apiVersion && kind === expected.kind;
  if (!isExpected) {
    const [given, wanted] = [
      `${apiVersion}, Kind=${kind}`,
      `${expected.apiVersion}, Kind=${expected.kind}`,
    ];
    throw badRequest(
      `${kind} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${expected.kind}: expected ${wanted}, got ${given}`,
    );
  }
  checkNamespaceOf(body, target);
  return body["apiVersion"] === apiVersion && body["kind"] === kind
    ? body
    : { apiVersion, kind, ...body };
}

function checkNamespaceOf(body: JsonObject, target: ResourcePath): void {
  const namespace = textOf(metadataOf(body)["namespace"]);
  if (target.type.namespaced && namespace !== "" && namespace !== target.namespace) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request`,
    );
  }
}
