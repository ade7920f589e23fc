import type { DataKeys } from "../adapters/age/data-keys.ts";
import { encodeObject, prepareObject } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { type JsonObject, isJsonObject } from "../core/model/json.ts";
import { type KubeObject, describeKey } from "../core/model/kube-object.ts";
import { openSopsFile, readSopsFile } from "../core/secrets/open-sops.ts";
import { sealedText } from "../core/secrets/sops-file.ts";
import type { TreeObject } from "./tree-cache.ts";

/**
 * The object as it is sent: a sealed one in the clear, any other as it is. Its hash stays that of the sealed form, so
 * that nothing made from a value is kept. Not kept anywhere: opened anew for each write. SECRET_SEALED.
 */
export async function openObject(
  keys: DataKeys,
  sealed: TreeObject,
  owner: string,
): Promise<TreeObject> {
  const text = sealedText(sealed.object);
  if (text === undefined) return sealed;
  try {
    const file = readSopsFile(text);
    const opened = openSopsFile(file, await keys.find(file.facts.recipients));
    const object = prepareObject(asOf(sealed.object, opened), owner);
    return { ...sealed, object, text: encodeObject(object) };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    throw inWords(error, describeKey(sealed.key));
  }
}

/** Identity and metadata are those that were released: the file's own were checked to be the same when it was rendered. */
function asOf({ apiVersion, kind, metadata }: KubeObject, opened: JsonObject): KubeObject {
  const own = opened["metadata"];
  const isSame =
    opened["apiVersion"] === apiVersion &&
    opened["kind"] === kind &&
    isJsonObject(own) &&
    own["name"] === metadata.name;
  if (!isSame) throw new FleetError("SECRET_SEALED", "the SOPS file holds another object");
  return { ...opened, apiVersion, kind, metadata };
}

function inWords(error: FleetError, object: string): FleetError {
  return new FleetError(error.code, `${object} cannot be opened: ${error.message}`, {
    cause: error,
    retry: error.retry,
    ...(error.hint !== undefined && { hint: error.hint }),
  });
}
