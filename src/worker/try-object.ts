import { refuseDeleted } from "./being-deleted.ts";
import { ApiError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { type ObjectWork, dryApply, judge, refuseForeign, rowFor } from "./apply-object.ts";
import { createNamespace } from "./create-namespace.ts";
import { isToBeMadeAnew, tryToMakeAnew } from "./make-anew.ts";
import { cannotBeTried, inWords, isNamespaceMissing, missingNamespace } from "./refusals.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
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
      const remedy = await remedyFor(context, work, { error, live, brought });
      if (remedy === "none") return;
      if (remedies.has(remedy)) throw inWords(context.site, error, work.object);
      remedies.add(remedy);
    }
  }
}

interface Refusal {
  readonly error: ApiError;
  readonly live: KubeObject | null;
  readonly brought: ReadonlySet<string>;
}

/** What is done about a refusal, or that nothing needs to be; throws where the object would be refused. */
async function remedyFor(
  context: SiteContext,
  work: ObjectWork,
  { error, live, brought }: Refusal,
): Promise<"take" | "namespace" | "none"> {
  if (live !== null && isToBeMadeAnew(work, error)) {
    await tryToMakeAnew(context, work, { live, refusal: error });
    return "none";
  }
  if (cannotBeTried(error) || brought.has(missingNamespace(error))) return "none";
  if (error.code === "CONFLICT") {
    await judge(context, live === null ? work : { ...work, row: rowFor(work, live) }, error);
    return "take";
  }
  if (!isNamespaceMissing(error, work.object, work.namespace))
    throw inWords(context.site, error, work.object);
  await createNamespace(context, work);
  return "namespace";
}
