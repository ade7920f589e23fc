import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import type { ClusterWriter } from "../adapters/kubernetes/write-objects.ts";
import type { ObjectAddress } from "../adapters/kubernetes/object-address.ts";
import { type Json, isJsonObject } from "../core/model/json.ts";
import { type KubeObject, parseObjectId } from "../core/model/kube-object.ts";
import type { Redactor } from "../runtime/redactor.ts";
import { type SiteContext, desiredIds, throwUnlessPassable } from "./site-context.ts";

/** The client, whose Secrets are known to the redactor before anybody can quote them. */
export function learnSecrets(client: ClusterClient, redactor: Redactor): ClusterClient {
  const met = (object: KubeObject): KubeObject => {
    learnSecret(object, redactor);
    return object;
  };
  const metWrites = (writer: ClusterWriter): ClusterWriter => ({
    ...writer,
    apply: async (object, options) => met(await writer.apply(met(object), options)),
    create: async (object, signal) => met(await writer.create(met(object), signal)),
    mergePatch: async (address, patch, signal) =>
      met(await writer.mergePatch(address, patch, signal)),
    tryPatch: async (address, patch, signal) => met(await writer.tryPatch(address, patch, signal)),
  });
  return {
    ...client,
    ...metWrites(client),
    as: (account) => metWrites(client.as(account)),
    get: async (address, signal) => {
      const object = await client.get(address, signal);
      return object === null ? null : met(object);
    },
    list: async (options) => (await client.list(options)).map(met),
  };
}

const maxMet = 50;

/**
 * Reads the Secrets that the site's apps have, so that what is about to be told is told without them: conditions and
 * refusals quote them. Those that cannot be read, or are no app's, are not known.
 */
export async function meetSecrets(context: SiteContext): Promise<void> {
  const addresses: ObjectAddress[] = [];
  for (const app of context.apps.keys()) {
    const ids = (await desiredIds(context, app)) ?? [];
    for (const id of ids) {
      const key = parseObjectId(id);
      if (key?.kind === "Secret" && key.group === "") addresses.push({ ...key, apiVersion: "v1" });
    }
  }
  for (const address of addresses.slice(0, maxMet)) {
    try {
      await context.client.get(address, context.signal());
    } catch (error) {
      throwUnlessPassable(context, error);
    }
  }
}

/** Learns the values of a Secret, as they are and as it writes them; of anything else nothing. */
export function learnSecret(object: KubeObject, redactor: Redactor): void {
  if (object.kind !== "Secret" || object.apiVersion !== "v1") return;
  for (const encoded of texts(object["data"])) {
    redactor.learn(encoded);
    redactor.learn(Buffer.from(encoded, "base64").toString("utf8"));
  }
  for (const text of texts(object["stringData"])) {
    redactor.learn(text);
    redactor.learn(Buffer.from(text, "utf8").toString("base64"));
  }
}

function texts(value: Json | undefined): readonly string[] {
  return isJsonObject(value) ? Object.values(value).filter((one) => typeof one === "string") : [];
}
