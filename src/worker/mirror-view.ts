import { Value } from "typebox/value";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import { FleetError } from "../core/errors.ts";
import { type DataCheck, dataCheck } from "../core/model/data-check.ts";
import { LeavingMarker, SiteMeta, unknownFields } from "../core/protocol/mirror-layout.ts";

/** What the mirror says about one app at one site. */
export type AppTarget =
  | { readonly app: string; readonly tree: string }
  | { readonly app: string; readonly leaving: LeavingMarker };

/** What the mirror says about one site. */
export interface SiteTarget {
  readonly site: string;
  readonly meta: SiteMeta;
  readonly apps: ReadonlyMap<string, AppTarget>;
  /** Changes when anything above does. */
  readonly key: string;
}

/** One commit of the mirror, read. A site that is not here is not assigned to this mirror. */
export interface MirrorView {
  readonly commit: string;
  readonly sites: ReadonlyMap<string, SiteTarget>;
}

/**
 * Reads a commit of the mirror; sites that are as in `previous` are not read again. MIRROR_INVALID when a file in it
 * is not what the layout says.
 */
export async function readMirror(
  store: ObjectStore,
  commit: string,
  previous?: MirrorView,
): Promise<MirrorView> {
  const metas = await namedChildren(store, commit, "meta");
  const folders = await namedChildren(store, commit, "sites");
  const sites = new Map<string, SiteTarget>();
  const changed: { site: string; key: string; meta: string }[] = [];
  for (const [file, meta] of metas) {
    if (!file.endsWith(".json")) continue;
    const site = file.slice(0, -".json".length);
    const key = `${meta.oid} ${folders.get(site)?.oid ?? "-"}`;
    const before = previous?.sites.get(site);
    if (before?.key === key) sites.set(site, before);
    else changed.push({ site, key, meta: meta.oid });
  }
  const texts = await store.read(changed.map(({ meta }) => meta));
  const targets = changed.map(async ({ site, key, meta }) => {
    const path = `meta/${site}.json`;
    const facts = parseAs(metaCheck, texts.get(meta), { schema: SiteMeta, path });
    const unknown = unknownFields(facts);
    if (unknown.length > 0) throw invalid(path, unknownWords(unknown));
    const folder = folders.get(site);
    const apps = folder === undefined ? new Map() : await readApps(store, site, folder.oid);
    return { site, meta: facts, apps, key };
  });
  for (const target of await Promise.all(targets)) sites.set(target.site, target);
  return { commit, sites };
}

async function readApps(
  store: ObjectStore,
  site: string,
  folder: string,
): Promise<ReadonlyMap<string, AppTarget>> {
  const apps = new Map<string, AppTarget>();
  const markers = new Map<string, string>();
  for (const [name, entry] of await namedChildren(store, folder)) {
    if (entry.type === "tree") apps.set(name, { app: name, tree: entry.oid });
    else if (name.endsWith(".leaving")) markers.set(name.slice(0, -".leaving".length), entry.oid);
  }
  const texts = markers.size > 0 ? await store.read([...markers.values()]) : new Map();
  for (const [app, oid] of markers) {
    if (apps.has(app)) {
      throw new FleetError("MIRROR_INVALID", `sites/${site} has both ${app} and ${app}.leaving`);
    }
    const path = `sites/${site}/${app}.leaving`;
    const leaving = parseAs(markerCheck, texts.get(oid), { schema: LeavingMarker, path });
    apps.set(app, { app, leaving });
  }
  return apps;
}

async function namedChildren(store: ObjectStore, treeish: string, folder = "") {
  const entries = await store.children(treeish, folder);
  return new Map(
    entries.map((entry) => [entry.path.slice(entry.path.lastIndexOf("/") + 1), entry]),
  );
}

const metaCheck = dataCheck(SiteMeta);
const markerCheck = dataCheck(LeavingMarker);

interface Parsing {
  readonly schema: typeof SiteMeta | typeof LeavingMarker;
  readonly path: string;
}

function parseAs<T>(check: DataCheck<T>, text: string | undefined, { schema, path }: Parsing): T {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    value = undefined;
  }
  const answer = check(value);
  if ("mistake" in answer) throw invalid(path, mistakeOf(schema, value));
  return answer.value;
}

/** A newer controller says more than this worker knows, where leaving that out could do what was not meant. */
function mistakeOf(schema: typeof SiteMeta | typeof LeavingMarker, value: unknown): string {
  const errors = Value.Errors(schema, value);
  const unknown = errors.flatMap((error) =>
    error.keyword === "additionalProperties" ? error.params.additionalProperties : [],
  );
  return unknown.length === 0 ? "is not what it must be" : unknownWords(unknown);
}

function invalid(path: string, mistake: string): FleetError {
  return new FleetError("MIRROR_INVALID", `${path} of the mirror ${mistake}`);
}

function unknownWords(unknown: readonly string[]): string {
  return `has what this worker does not know (${unknown.slice(0, 5).join(", ")}): worker and controller are of versions that do not fit each other; update the worker`;
}

/** What a target says of an app, to be compared. */
export function factsOf(target: SiteTarget, app: string): string {
  return JSON.stringify([target.apps.get(app) ?? null, target.meta.apps[app] ?? null]);
}
