/**
 * Values that no expression reads: a typo, or what is left of something. In: a model, what the expressions of each of its
 * apps read. Out: warnings at the keys. What goes to a chart is never one: nobody can know what its templates read.
 */
import type { ReadPath } from "../cel/cel-reads.ts";
import { KnownNames } from "../model/closest-name.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { FleetModel, Located } from "../model/fleet-model.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { KeptResults } from "../model/kept-results.ts";
import { keptFor } from "../model/known-fleet.ts";
import type { App } from "../model/kinds.ts";
import { type SiteGroups, siteGroups } from "../select/site-groups.ts";
import { layeredApp } from "./layered-app.ts";
import { mostProblems, warning } from "./mistake.ts";
import type { PlacedRendering } from "./placed-rendering.ts";
import { sitesWithValues } from "./site-facts.ts";
import type { FieldPath } from "./read-yaml.ts";

/** Keys that are read, and what of their values; null: all of it. */
type Reads = ReadonlyMap<string, Reads | null>;
type MutableReads = Map<string, MutableReads | null>;

/** Warnings of values that nothing reads. `known`: warnings of overlays, whose values are not told again. */
export function unreadValues(
  models: { readonly model: FleetModel; readonly siteModel: FleetModel },
  renderings: readonly PlacedRendering[],
  known: readonly Diagnostic[],
): readonly Diagnostic[] {
  const { model } = models;
  const apps = renderings.flatMap((rendering): ReadingApp[] => {
    const app = model.apps.get(rendering.app.app);
    return app === undefined ? [] : [readingApp(app, rendering)];
  });
  const told = new Set(known.filter(({ code }) => code === "no-effect").map(placeKey));
  const isTold = ({ from, path }: WrittenValues): boolean =>
    [from.at(path), from.at([...path, "virtualSites"])].some((at) => told.has(placeKey(at)));
  const ofDocuments = writtenValues(models, apps).flatMap((written) => {
    const unread = unreadOf(written);
    return unread.length > 0 && isTold(written) ? [] : unread;
  });
  return [...ofDocuments, ...unreadBySites(models, apps)];
}

function placeKey({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${file}:${line}:${column}`;
}

interface ReadingApp {
  readonly app: Located<App>;
  readonly isChart: boolean;
  /** Of `values`. */
  readonly values: Reads | null;
  /** Of the values of a Site: null where any of them may be read. */
  readonly ofSites: Reads | null;
  readonly mayReadPeers: boolean;
}

function readingApp(app: Located<App>, { reads }: PlacedRendering): ReadingApp {
  const isChart = app.value.spec.source.chart !== undefined;
  const { paths, mayReadPeers } = reads;
  const values = isChart ? null : readsBehind(paths, ["values"]);
  const ofSite = readsBehind(paths, ["site", "values"]);
  return {
    app,
    isChart,
    values,
    ofSites: values === null || ofSite === null ? null : union([values, ofSite]),
    mayReadPeers,
  };
}

/** What paths read behind a prefix; null: all of it. */
function readsBehind(paths: readonly ReadPath[], prefix: ReadPath): Reads | null {
  const found: MutableReads = new Map();
  for (const path of paths) {
    const shared = Math.min(path.length, prefix.length);
    if (path.slice(0, shared).some((key, index) => key !== prefix[index])) continue;
    if (path.length <= prefix.length) return null;
    addPath(found, path.slice(prefix.length));
  }
  return found;
}

function addPath(reads: MutableReads, [key, ...rest]: ReadPath): void {
  if (key === undefined || reads.get(key) === null) return;
  if (rest.length === 0) {
    reads.set(key, null);
    return;
  }
  const inner = reads.get(key) ?? new Map<string, MutableReads | null>();
  reads.set(key, inner);
  addPath(inner, rest);
}

function union(all: readonly Reads[]): Reads {
  const found: MutableReads = new Map();
  for (const reads of all) for (const path of pathsIn(reads)) addPath(found, path);
  return found;
}

function pathsIn(reads: Reads): ReadPath[] {
  return [...reads].flatMap(([key, inner]) =>
    inner === null ? [[key]] : pathsIn(inner).map((rest) => [key, ...rest]),
  );
}

/** Keys of values that nothing reads, each with the name that was meant, if one is near. */
interface UnreadKey {
  readonly path: readonly string[];
  readonly meant: () => string | undefined;
}

function unreadKeys(values: JsonObject, reads: Reads): UnreadKey[] {
  let free: KnownNames | undefined;
  const meant = (key: string): string | undefined => {
    free ??= new KnownNames([...reads.keys()].filter((name) => !Object.hasOwn(values, name)));
    return free.closest(key);
  };
  return Object.entries(values).flatMap(([key, value]): UnreadKey[] => {
    const inner = reads.get(key);
    if (inner === undefined) return [{ path: [key], meant: () => meant(key) }];
    if (inner === null || !isJsonObject(value)) return [];
    return unreadKeys(value, inner).map((each) => ({ ...each, path: [key, ...each.path] }));
  });
}

function hintOf({ meant }: UnreadKey): string {
  const name = meant();
  return name === undefined ? "remove it, or correct its name" : `did you mean "${name}"?`;
}

/** Values in a document: of an App, of an overlay, of a Profile. */
interface WrittenValues {
  readonly from: Located<unknown>;
  /** Of what has the values. */
  readonly path: FieldPath;
  readonly values: JsonObject;
  /** By whom they may be read; null: by anything. */
  readonly reads: Reads | null;
  readonly isOfProfile: boolean;
}

function writtenValues(
  models: { readonly model: FleetModel; readonly siteModel: FleetModel },
  apps: readonly ReadingApp[],
): readonly WrittenValues[] {
  const found = new Map<JsonObject, WrittenValues>();
  const add = (written: WrittenValues): void => {
    const { reads } = found.get(written.values) ?? written;
    const isAnyRead = reads === null || written.reads === null;
    const all = isAnyRead ? null : union([reads, written.reads]);
    found.set(written.values, { ...written, reads: all });
  };
  const declared = new Set<unknown>(models.model.profiles.values());
  for (const { app, values: reads } of apps) {
    const own = app.value.spec.values;
    if (own !== undefined) {
      add({ from: app, path: ["spec"], values: own as JsonObject, reads, isOfProfile: false }); // checked YAML
    }
    for (const { overlay, profile, from, path } of layeredApp(models, app).layers) {
      const isShipped = profile !== null && !declared.has(from);
      if (overlay.values === undefined || isShipped) continue;
      const values = overlay.values as JsonObject; // as above
      add({ from, path, values, reads, isOfProfile: profile !== null });
    }
  }
  return [...found.values()];
}

function unreadOf({ from, path, values, reads, isOfProfile }: WrittenValues): Diagnostic[] {
  if (reads === null) return [];
  const who = isOfProfile ? "no app that takes the profile" : "no expression of the app";
  const all = unreadKeys(values, reads);
  return all.slice(0, mostProblems).map((unread, index) => {
    const message = `${who} reads the value "${unread.path.join(".")}"${andMore(all, index)}`;
    const place = from.keyAt([...path, "values", ...unread.path]);
    return warning(place, { code: "no-effect", message, hint: hintOf(unread) });
  });
}

/** Behind the last one that is told. */
function andMore(all: readonly unknown[], index: number): string {
  const more = index === mostProblems - 1 ? all.length - mostProblems : 0;
  return more === 0 ? "" : `, nor ${more} more`;
}

interface Unread {
  readonly path: readonly string[];
  readonly hint: string;
  readonly site: string;
  readonly more: number;
}

const kept = new KeptResults<FleetModel["sites"], readonly Unread[]>();

/** Sites that have values, in order. */
const sortedWithValues = keptFor((sites: FleetModel["sites"]): readonly [string, JsonObject][] =>
  [...sitesWithValues(sites)]
    .map(([name, { value }]): [string, JsonObject] => [name, value.spec.values as JsonObject]) // checked YAML
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);

/** Values of Sites, each key told once, at the first site that has it. */
function unreadBySites(
  { model, siteModel }: { readonly model: FleetModel; readonly siteModel: FleetModel },
  apps: readonly ReadingApp[],
): readonly Diagnostic[] {
  const { sites } = siteModel;
  const withValues = sortedWithValues(sites);
  if (withValues.length === 0 || apps.some(({ mayReadPeers }) => mayReadPeers)) return [];
  const groups = siteGroups(model.virtualSites, sites);
  const text = JSON.stringify(
    apps.map(({ app, ofSites }) => [placesOf(app), ofSites && pathsIn(ofSites)]),
  );
  const found = kept.get(sites, [groups, text], () => {
    const readsOf = readsByGroup(groups, apps);
    const unread = new Map<string, Unread>();
    for (const [site, values] of withValues) {
      const reads = readsOf(groups.numbers.get(site));
      if (reads === null) continue;
      for (const key of unreadKeys(values, reads)) noteUnread(unread, key, site);
    }
    return [...unread.values()];
  });
  return found.slice(0, mostProblems).flatMap(({ path, hint, site, more }, index) => {
    const others = more === 0 ? "" : `; ${more} more sites have it`;
    const name = path.join(".");
    const message = `no app at the site reads the value "${name}"${andMore(found, index)}${others}`;
    const place = sites.get(site)?.keyAt(["spec", "values", ...path]);
    return place === undefined ? [] : [warning(place, { code: "no-effect", message, hint })];
  });
}

function placesOf({ value }: Located<App>): readonly string[] {
  return value.spec.placement.virtualSites;
}

/**
 * What is read at the sites of a group, by its number. Groups with the same apps share it: there may be as many groups as
 * sites.
 */
function readsByGroup(
  groups: SiteGroups,
  apps: readonly ReadingApp[],
): (number: number | undefined) => Reads | null {
  const placed = new Map<string, number[]>();
  for (const [index, { app }] of apps.entries()) {
    for (const name of placesOf(app)) {
      const indices = placed.get(name) ?? [];
      indices.push(index);
      placed.set(name, indices);
    }
  }
  const ofApps = sharedBy((indices: readonly number[]) =>
    readsOfAll(indices.flatMap((index) => apps[index] ?? [])),
  );
  const atPlaces = sharedBy((names: readonly string[]) => {
    const indices = new Set(names.flatMap((name) => placed.get(name) ?? []));
    return ofApps([...indices].toSorted((a, b) => a - b));
  });
  return (number = -1) => {
    const names = [...(groups.group(number)?.virtualSites ?? [])];
    return atPlaces(names.filter((name) => placed.has(name)));
  };
}

/** Makes one result of the same parts. */
function sharedBy<Part>(
  make: (parts: readonly Part[]) => Reads | null,
): (parts: readonly Part[]) => Reads | null {
  const made = new Map<string, Reads | null>();
  return (parts) => {
    const key = parts.join();
    const known = made.get(key);
    if (known !== undefined) return known;
    const result = make(parts);
    made.set(key, result);
    return result;
  };
}

/** null: anything may be read. */
function readsOfAll(apps: readonly ReadingApp[]): Reads | null {
  const reads = apps.flatMap(({ ofSites }) => ofSites ?? []);
  return reads.length < apps.length ? null : union(reads);
}

function noteUnread(found: Map<string, Unread>, unread: UnreadKey, site: string): void {
  const key = JSON.stringify(unread.path);
  const known = found.get(key);
  found.set(
    key,
    known === undefined
      ? { path: unread.path, hint: hintOf(unread), site, more: 0 }
      : { ...known, more: known.more + 1 },
  );
}
