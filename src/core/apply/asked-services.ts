/**
 * Services that an API server asks because an object says so: who deletes them before that object leaves nobody to answer,
 * and a webhook with nobody behind it refuses what anybody writes.
 */
import { type Json, isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, objectId, parseObjectId } from "../model/kube-object.ts";

const webhookKinds = new Set(["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]);

/** Whether it may be of a kind that can name a Service so: a webhook, a definition with a conversion, an APIService. */
export function mayAsk(id: ObjectId): boolean {
  const kind = parseObjectId(id)?.kind ?? "";
  return webhookKinds.has(kind) || kind === "CustomResourceDefinition" || kind === "APIService";
}

/** Ids of the Services that it names. */
export function askedServices(live: KubeObject): readonly ObjectId[] {
  return clientsOf(live).flatMap((client) => {
    const service = member(client, "service");
    const [name, namespace] = [member(service, "name"), member(service, "namespace")];
    if (typeof name !== "string" || typeof namespace !== "string") return [];
    return [objectId({ group: "", kind: "Service", namespace, name })];
  });
}

/** Where it says who is asked. */
function clientsOf(live: KubeObject): readonly (Json | undefined)[] {
  const spec = live["spec"];
  if (live.kind === "APIService") return [spec];
  if (live.kind === "CustomResourceDefinition") {
    return [member(member(member(spec, "conversion"), "webhook"), "clientConfig")];
  }
  const webhooks = webhookKinds.has(live.kind) ? live["webhooks"] : undefined;
  return Array.isArray(webhooks) ? webhooks.map((one: Json) => member(one, "clientConfig")) : [];
}

function member(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) ? value[name] : undefined;
}
