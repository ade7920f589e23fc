/**
 * What the sites wrote, and when: looks at the clusters' own changes again and again, and keeps those that changed what
 * an app says of its objects. Status, and what a cluster's own controllers make, does not count.
 */
import { appLabel, systemNamespace } from "../core/apply/ownership.ts";
import type { Cluster } from "../core/cluster-model/cluster.ts";
import type { StoredObject } from "../core/cluster-model/stored-object.ts";
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../core/model/json.ts";
import type { Clock } from "../runtime/clock.ts";
import type { SiteWrite } from "./effect-times.ts";

/** Times are exact to this. */
const lookMs = 20;

/** Watches until the signal aborts; gives all writes so far, oldest first. */
export function watchWrites(
  clusters: ReadonlyMap<string, Cluster>,
  clock: Clock,
  signal: AbortSignal,
): { readonly writes: () => readonly SiteWrite[] } {
  const writes: SiteWrite[] = [];
  const seen = new Map([...clusters].map(([site, { store }]) => [site, store.version]));
  const look = (): void => {
    for (const [site, { store }] of clusters) {
      const from = seen.get(site) ?? 0;
      if (store.version === from) continue;
      seen.set(site, store.version);
      const apps = new Set(
        (store.changesAfter(from) ?? []).flatMap(({ object, before }) =>
          isWrite(object, before) ? [appOf(object)] : [],
        ),
      );
      for (const app of apps) if (app !== "") writes.push({ site, app, at: clock.now() });
    }
  };
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      look();
      await clock.sleep(lookMs, signal);
    }
  };
  void watch();
  return { writes: () => [...writes] };
}

function isWrite(object: StoredObject, before: StoredObject | undefined): boolean {
  return before === undefined || contentOf(object) !== contentOf(before);
}

/** The app of an object that an app applied; "" for any other. */
function appOf({ metadata }: StoredObject): string {
  const isMadeHere = metadata["ownerReferences"] !== undefined;
  if (isMadeHere || metadata["namespace"] === systemNamespace) return "";
  const app = mapOf(metadata["labels"])[appLabel];
  return typeof app === "string" ? app : "";
}

/** What people and workers write of an object. */
function contentOf({ metadata, status: _status, ...rest }: StoredObject): string {
  const annotations = Object.entries(mapOf(metadata["annotations"])).filter(
    // A Deployment's revision, say: its controller counts there.
    ([key]) => !/(^|\.)kubernetes\.io\//.test(key),
  );
  const labels = mapOf(metadata["labels"]);
  return canonicalJson({ ...rest, labels, annotations: Object.fromEntries(annotations) });
}

function mapOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
