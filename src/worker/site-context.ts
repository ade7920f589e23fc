import type { DataKeys } from "../adapters/age/data-keys.ts";
import type { ClusterReader } from "../adapters/kubernetes/cluster-client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Versions } from "../core/apply/plan-prune.ts";
import { FleetError } from "../core/errors.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import type { SiteReport } from "../core/protocol/worker-report.ts";
import type { AppState } from "./app-state.ts";
import type { WorkerSettings } from "./config.ts";
import type { MirrorHistory } from "./mirror-history.ts";
import type { SiteTarget } from "./mirror-view.ts";
import type { RegionSecrets } from "./region-secrets.ts";
import type { SiteLink } from "./site-link.ts";
import type { ObjectRow, StateStore } from "./state-store.ts";
import type { AppTree, TreeCache } from "./tree-cache.ts";

/** What the work at one site goes by: the site's link, store and trees, and how it stands in the mirror now. */
export interface SiteContext {
  readonly site: string;
  readonly config: WorkerSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: StateStore;
  readonly trees: TreeCache;
  readonly history: MirrorHistory;
  readonly keys: DataKeys;
  readonly region: RegionSecrets;
  readonly link: SiteLink;
  /** Reads, as the worker. What an app has written is written by `writerFor`. */
  readonly client: ClusterReader;
  /** Kinds that may not be listed in all namespaces at once, as `<apiVersion> <kind>`. */
  readonly listedApart: Set<string>;
  /** Apps of the site by name, those that have left the mirror included. */
  readonly apps: ReadonlyMap<string, AppState>;
  /** null: the site is not assigned to this worker's mirror. */
  target(): SiteTarget | null;
  /** Aborts when the site is taken away or the worker ends. */
  signal(): AbortSignal;
}

/** The tree that the mirror wants of an app now; null where it wants none (leaving, unassigned). */
export async function desiredTree(context: SiteContext, app: string): Promise<AppTree | null> {
  const tree = desiredTreeId(context, app);
  const fleet = context.target()?.meta.fleet ?? "";
  return tree === null ? null : context.trees.load(tree, `${fleet}/${app}`);
}

/** Its objects, by their names in the mirror: what another app's damaged file says is no matter of this one. */
export async function desiredIds(
  context: SiteContext,
  app: string,
): Promise<ReadonlySet<ObjectId> | null> {
  const tree = desiredTreeId(context, app);
  return tree === null ? null : context.trees.ids(tree);
}

function desiredTreeId(context: SiteContext, app: string): string | null {
  const wanted = context.target()?.apps.get(app);
  if (wanted === undefined) return null;
  return "tree" in wanted ? wanted.tree : heldTree(wanted, context.apps.get(app));
}

function heldTree(
  wanted: { readonly leaving: { readonly verb: string } },
  state: AppState | undefined,
): string | null {
  return wanted.leaving.verb === "hold" ? (state?.row?.tree ?? null) : null;
}

/**
 * Throws what is more than the failure of one request: a bug, an abort, a cluster that does not answer. What it lets
 * pass concerns only the objects that were asked for; everything else goes on.
 */
export function throwUnlessPassable(
  context: SiteContext,
  error: unknown,
): asserts error is FleetError {
  if (!(error instanceof FleetError) || context.signal().aborted) throw error;
  context.link.noteFailure(error);
  if (context.link.isBroken()) throw error;
}

/**
 * What the other apps of the site want or have, by app: an object of theirs is never deleted. What is left in the
 * store of an app that the mirror does not name is no word about what stands there.
 */
export async function othersObjects(
  context: SiteContext,
  app: string,
): Promise<ReadonlyMap<string, Versions>> {
  const others = new Map<string, Versions>();
  for (const name of context.target()?.apps.keys() ?? []) {
    if (name === app) continue;
    const wanted = (await desiredIds(context, name)) ?? [];
    const has = context.apps.get(name)?.rows ?? new Map<ObjectId, ObjectRow>();
    others.set(name, versionsIn(has, [...wanted, ...has.keys()]));
  }
  return others;
}

/** Objects with the versions that rows tell. */
export function versionsIn(
  rows: ReadonlyMap<ObjectId, ObjectRow>,
  ids: Iterable<ObjectId>,
): Versions {
  return new Map([...ids].map((id) => [id, rows.get(id)?.apiVersion ?? ""]));
}

/** What is told of the whole site. */
export function siteReport(
  { site, link, config }: Pick<SiteContext, "site" | "link" | "config">,
  notes: readonly string[],
  kubernetesVersion: string | undefined,
): SiteReport {
  const { uid, offlineForMs, message } = link.facts();
  return {
    site,
    reachable: offlineForMs < config.offlineAfterMs,
    ...(uid !== null && { uid }),
    ...(kubernetesVersion !== undefined && { kubernetesVersion }),
    message: [message, ...notes].filter((part) => part !== "").join("; "),
  };
}
