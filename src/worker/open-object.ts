import { encodeObject, metadataText, prepareObject } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { type Json, type JsonObject, isJsonObject } from "../core/model/json.ts";
import { type KubeObject, describeKey } from "../core/model/kube-object.ts";
import { openSopsFile, readSopsFile } from "../core/secrets/open-sops.ts";
import {
  fillRegionSecret,
  regionSecretOf,
  type RegionSecret,
} from "../core/secrets/region-secret.ts";
import { sealedText } from "../core/secrets/sops-file.ts";
import { unavailable } from "./region-secrets.ts";
import type { SiteContext } from "./site-context.ts";
import type { TreeObject } from "./tree-cache.ts";

/** What secrets come from. */
export type SecretMeans = Pick<SiteContext, "keys" | "region" | "signal">;

export interface OpenedObject {
  readonly object: TreeObject;
  /** Which version of a Secret of the region it has; null: it has none of it. */
  readonly source: string | null;
}

/**
 * The object as it is sent: a sealed one in the clear, one of the region with its data, any other as it is. Its hash
 * stays that of the form without values, so that nothing made from a value is kept. Not kept anywhere: opened anew for
 * each write. SECRET_SEALED, SECRET_UNAVAILABLE.
 */
export async function openObject(
  means: SecretMeans,
  closed: TreeObject,
  owner: string,
): Promise<OpenedObject> {
  const text = sealedText(closed.object);
  const from = regionSecretOf(closed.object);
  if (text === undefined && from === undefined) return { object: closed, source: null };
  try {
    const { open, source } =
      from === undefined
        ? { open: await unseal(means, closed.object, text ?? ""), source: null }
        : await copy(means, closed.object, from);
    const object = prepareObject(open, owner);
    return { object: { ...closed, object, text: encodeObject(object) }, source };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    throw inWords(error, describeKey(closed.key));
  }
}

async function unseal(
  { keys }: SecretMeans,
  sealed: KubeObject,
  text: string,
): Promise<KubeObject> {
  const file = readSopsFile(text);
  return asOf(sealed, openSopsFile(file, await keys.find(file.facts.recipients)));
}

async function copy(
  { region, signal }: SecretMeans,
  closed: KubeObject,
  from: RegionSecret,
): Promise<{ readonly open: KubeObject; readonly source: string }> {
  const found = await region.get(from.name, signal());
  const filled = fillRegionSecret(closed, from, found);
  if ("object" in filled) return { open: filled.object, source: versionOf(found) };
  const hint = "add it there, or correct `keys` in `secrets` of the App";
  const message = `Secret ${from.name} of the region's cluster has no key ${filled.missing}`;
  throw unavailable(message, { hint });
}

/** Of a Secret of the region: says when it is another one, and nothing of what is in it. */
export function versionOf(found: KubeObject): string {
  return `${metadataText(found, "uid")} ${metadataText(found, "resourceVersion")}`;
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
  for (const field of ["data", "stringData"]) refuseOtherThanTexts(field, opened[field]);
  return { ...opened, apiVersion, kind, metadata };
}

/** What a cluster would refuse, with the value in its words. */
function refuseOtherThanTexts(field: string, values: Json | undefined): void {
  const entries = isJsonObject(values) ? Object.entries(values) : [];
  const wrong = entries.find(([, value]) => typeof value !== "string" && value !== null)?.[0];
  const isMap = values === undefined || values === null || isJsonObject(values);
  if (isMap && wrong === undefined) return;
  const name = wrong === undefined ? field : `${field}.${wrong}`;
  throw new FleetError("SECRET_SEALED", `${name} is no text`, {
    hint: "put it in quotes with `sops edit`, so that it is sealed as a text",
  });
}

function inWords(error: FleetError, object: string): FleetError {
  return new FleetError(error.code, `${object} cannot be opened: ${error.message}`, {
    cause: error,
    retry: error.retry,
    ...(error.hint !== undefined && { hint: error.hint }),
  });
}
