import { ApiError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { type ObjectWork, dryApply, judge, refuseDeleted, refuseForeign } from "./apply-object.ts";
import { createNamespace } from "./create-namespace.ts";
import { cannotBeTried, inWords, isNamespaceMissing, missingNamespace } from "./refusals.ts";
import type { SiteContext } from "./site-context.ts";

/**
 * Asks the cluster whether it would take an object; throws as writing it would. Nothing is written but the app's
 * namespace, bare, where it is missing. `brought`: namespaces that the same tree brings: what is inside them cannot be
 * told before they stand, and passes. Two requests, or three where fields are taken from others.
 */
export async function tryOneObject(
  context: SiteContext,
  work: ObjectWork,
  brought: ReadonlySet<string>,
): Promise<void> {
  const { object } = work;
  const live = await context.client.get(addressOf(object.object), context.signal());
  if (live !== null) {
    refuseDeleted(live, object.key);
    await refuseForeign(context, work, live);
  }
  const remedies = new Set<string>();
  for (;;) {
    try {
      await dryApply(context, work, { live, force: remedies.has("take") });
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (cannotBeTried(error) || brought.has(missingNamespace(error))) return;
      const remedy = await remedyFor(context, work, error);
      if (remedy === null || remedies.has(remedy)) throw inWords(context.site, error);
      remedies.add(remedy);
    }
  }
}

/** What can be done about a refusal, once; throws where fields are not to be taken. */
async function remedyFor(
  context: SiteContext,
  work: ObjectWork,
  error: ApiError,
): Promise<"take" | "namespace" | null> {
  if (error.code === "CONFLICT") {
    await judge(context, work, error);
    return "take";
  }
  if (!isNamespaceMissing(error, work.object, work.namespace)) return null;
  await createNamespace(context, work.namespace);
  return "namespace";
}
