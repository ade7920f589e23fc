import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { managedEntries } from "../core/apply/compare-fields.ts";
import { withoutLostVersions } from "../core/apply/lost-versions.ts";
import { metadataText } from "../core/apply/ownership.ts";
import { describeKey } from "../core/model/kube-object.ts";
import { writerFor } from "./app-policy.ts";
import type { ObjectWork } from "./apply-object.ts";
import type { SiteContext } from "./site-context.ts";

/** Entries of lost versions are rewritten, if the object has not changed meanwhile; no value is changed. */
export async function renewVersions(context: SiteContext, work: ObjectWork): Promise<void> {
  const { object, key } = work.object;
  const address = addressOf(object);
  const signal = context.signal();
  const live = await context.client.get(address, signal);
  if (live === null) return;
  context.client.forgetKinds(); // what is remembered may be of before
  const served = new Set<string>();
  for (const { apiVersion } of managedEntries(live)) {
    const found = await context.client.resource(apiVersion, key.kind, signal);
    if (found !== undefined) served.add(apiVersion);
  }
  const isServed = (apiVersion: string): boolean => served.has(apiVersion);
  const managedFields = withoutLostVersions(live, isServed, object.apiVersion);
  if (managedFields === null) return;
  const uid = metadataText(live, "uid");
  const resourceVersion = metadataText(live, "resourceVersion");
  const patch = { metadata: { uid, resourceVersion, managedFields } };
  await writerFor(context, work.app).mergePatch(address, patch, signal);
  context.logger.info("rewrote lost versions", { app: work.app, object: describeKey(key) });
}
