import { isApiError } from "../adapters/kubernetes/api-error.ts";
import {
  type InventoryPart,
  inventoryKey,
  inventoryName,
  inventoryParts,
  type JobRun,
  mirrorAnnotation,
  parseInventory,
  parseRuns,
  runText,
  runsKey,
} from "../core/apply/inventory.ts";
import { hashOf, metadataText, systemNamespace } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import type { KubeObject, ObjectId } from "../core/model/kube-object.ts";
import { isToExpire } from "./cleared-jobs.ts";
import { mirrorName } from "./config.ts";
import type { SiteContext } from "./site-context.ts";
import type { AppRow } from "./state-store.ts";

/** The manager of inventory objects: no app's, so that no app's fields are in them. */
const manager = "flotilla-inventory";

/** What the cluster's inventory of an app says. */
export interface ChildInventory {
  readonly ids: readonly ObjectId[];
  readonly runs: ReadonlyMap<ObjectId, JobRun>;
  readonly parts: number;
}

/** Reads it, all parts; null when there is none. STATE_CORRUPT when it is not an inventory: then nothing is known. */
export async function readChildInventory(
  context: SiteContext,
  app: string,
): Promise<ChildInventory | null> {
  const ids: ObjectId[] = [];
  const runs = new Map<ObjectId, JobRun>();
  for (let part = 0; ; part += 1) {
    const name = inventoryName(app, part);
    const live = await context.client.get(address(name), context.signal());
    if (live === null) return part === 0 ? null : { ids, runs, parts: part };
    const read = parseInventory(live["data"]);
    if (read === undefined) {
      throw new FleetError(
        "STATE_CORRUPT",
        `ConfigMap ${systemNamespace}/${name} at site ${context.site} is not an inventory`,
        { hint: "restore it, or delete it: its objects are then nobody's" },
      );
    }
    ids.push(...read);
    for (const [id, run] of parseRuns(live["data"])) {
      if (run.cluster === context.store.siteUid(context.site)) runs.set(id, run);
    }
  }
}

/**
 * Makes the cluster's inventory hold exactly these ids, and which of them are Jobs that were run and may be cleared away;
 * writes nothing where it already does. Gives the changed row.
 */
export async function writeChildInventory(
  context: SiteContext,
  row: AppRow,
  ids: Iterable<ObjectId>,
): Promise<AppRow> {
  const sorted = [...new Set(ids)].toSorted();
  // One that another mirror's worker wrote, or an older one that named none, is written anew.
  const runs = runsOf(context, row.app);
  const content = [...sorted, ...[...runs].map(([id, run]) => runText(id, run))];
  const childSet = sorted.length === 0 ? "" : hashOf([mirrorName(context.config), ...content]);
  const parts = sorted.length === 0 ? [] : inventoryParts(row.app, sorted, runs);
  if (childSet === row.childSet && parts.length === row.childParts) return row;
  for (const part of parts) await writePart(context, part);
  for (let part = parts.length; part < row.childParts; part += 1) {
    await deletePart(context, inventoryName(row.app, part));
  }
  const changed = { ...row, childSet, childParts: parts.length };
  context.store.saveApp(changed);
  return changed;
}

/** The Jobs that may be gone when they are looked for, by what is known of them; sorted. */
function runsOf({ apps, store, site }: SiteContext, app: string): ReadonlyMap<ObjectId, JobRun> {
  const cluster = store.siteUid(site) ?? "";
  const rows = [...(apps.get(app)?.rows.values() ?? [])].filter(isToExpire);
  const sorted = rows.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return new Map(sorted.map(({ id, uid, hash }) => [id, { cluster, uid, hash }]));
}

async function writePart(context: SiteContext, { name, text, runs }: InventoryPart): Promise<void> {
  const object: KubeObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace: systemNamespace,
      annotations: { [mirrorAnnotation]: mirrorName(context.config) },
    },
    data: { [inventoryKey]: text, ...(runs !== "" && { [runsKey]: runs }) },
  };
  const options = { fieldManager: manager, force: true, signal: context.signal() };
  try {
    await context.link.client.apply(object, options);
  } catch (error) {
    if (!isApiError(error) || error.facts.status !== 404) throw error;
    await createSystemNamespace(context);
    await context.link.client.apply(object, options);
  }
}

async function createSystemNamespace(context: SiteContext): Promise<void> {
  const namespace: KubeObject = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: systemNamespace },
  };
  try {
    await context.link.client.create(namespace, context.signal());
  } catch (error) {
    if (!isApiError(error) || error.facts.reason !== "AlreadyExists") throw error;
  }
}

async function deletePart(context: SiteContext, name: string): Promise<void> {
  const live = await context.client.get(address(name), context.signal());
  if (live === null) return context.link.verify({ signal: context.signal() });
  await context.link.client.delete(
    address(name),
    { uid: metadataText(live, "uid"), resourceVersion: metadataText(live, "resourceVersion") },
    context.signal(),
  );
}

function address(name: string) {
  return { apiVersion: "v1", kind: "ConfigMap", namespace: systemNamespace, name };
}
