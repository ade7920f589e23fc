/**
 * What an app came to at each site, as data that can be kept on a disk: which tree, and of what facts. The objects are not
 * in it: they are rendered when somebody asks for them.
 */
import { isKept } from "../apply/kept-objects.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KubeObject, ObjectId } from "../model/kube-object.ts";
import { selectorFromSpec } from "../select/selector.ts";
import type { TreeId, Variant } from "./rendered.ts";
import { digestLength } from "./site-facts.ts";

/** Raised when tables of before do not count any more. */
export const tableFormat = 2;

/** JSON. */
export interface AppTable {
  /** Hash of all that decides what the app comes to, but for facts of sites. */
  readonly key: string;
  /** What its expressions took. */
  readonly steps: number;
  /** No object says how it is to be kept, protected or made anew. */
  readonly isOrdinary: boolean;
  readonly ids: readonly ObjectId[];
  /** API versions and kinds of its objects. */
  readonly kinds: readonly string[];
  /** What its overlays did: each is [overlay, whether it changed something, images that it found]. */
  readonly effects: readonly (readonly TableEffect[])[];
  /** Digests of what `sites(…)` gave, by what it was asked for. */
  readonly peers: Readonly<Record<string, string>>;
  /** Namespaces that overlays move the app to, by site. */
  readonly moved: Readonly<Record<string, string>>;
  /** Where what overlays did is left: each is [overlay, a site; null: nowhere]. */
  readonly left: readonly (readonly [overlay: number, site: string | null])[];
  /** Names of sites, sorted, each on a line. */
  readonly sites: string;
  /** Digests of the facts of each, one behind the other. */
  readonly facts: string;
  /** The same of their trees. */
  readonly trees: string;
  /** Position in `effects` for each. */
  readonly did: readonly number[];
}

/** What a table says of sites. */
export interface TableSites {
  readonly names: readonly string[];
  readonly factsOf: (index: number) => string;
  readonly treeOf: (index: number) => TreeId;
}

const treeLength = 40;

/** The sites of a table. */
export function sitesOfTable({ sites, facts, trees }: AppTable): TableSites {
  return {
    names: sites.split("\n"),
    factsOf: (index) => facts.slice(index * digestLength, (index + 1) * digestLength),
    treeOf: (index) => trees.slice(index * treeLength, (index + 1) * treeLength),
  };
}

type TableEffect = readonly [overlay: number, changed: boolean, images: readonly number[]];

/** Tables by key. */
export type AppTables = ReadonlyMap<string, AppTable>;

/** For who keeps none. */
export const noTables: AppTables = new Map();

/** True for what is a table with this key, whoever wrote it. */
export function isAppTable(value: unknown, key: string): value is AppTable {
  const json = value as Json; // asked below, field by field
  if (!isJsonObject(json) || json["key"] !== key) return false;
  const areTexts = [json["ids"], json["kinds"]].every((list) => isListOf(list, isText));
  return areTexts && isListOf(json["left"], isLeft) && areSites(json) && hasScalars(json);
}

function areSites({ sites, facts, trees, did, effects }: JsonObject): boolean {
  if (typeof sites !== "string" || typeof facts !== "string" || typeof trees !== "string") {
    return false;
  }
  const names = sites.split("\n");
  const isSorted = names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name);
  const areTrees = trees.length === names.length * treeLength && /^[0-9a-f]*$/.test(trees);
  if (!isSorted || !areTrees || facts.length !== names.length * digestLength) return false;
  if (!isListOf(effects, (own) => isListOf(own, isEffect))) return false;
  const count = (effects as readonly Json[]).length; // isListOf has asked
  const isPosition = (each: Json): boolean =>
    Number.isInteger(each) && Number(each) >= 0 && Number(each) < count;
  return isListOf(did, isPosition) && (did as readonly Json[]).length === names.length; // as above
}

function hasScalars({ steps, isOrdinary, peers, moved }: JsonObject): boolean {
  const areTexts = isMapOf(peers, isText) && isMapOf(moved, isText);
  const areSelectors = areTexts && Object.keys(peers as JsonObject).every(isSelector); // just asked
  return areSelectors && typeof isOrdinary === "boolean" && typeof steps === "number" && steps >= 0;
}

function isListOf(value: Json | undefined, is: (item: Json) => boolean): boolean {
  return Array.isArray(value) && (value as readonly Json[]).every(is); // isArray loses the type
}

function isMapOf(value: Json | undefined, is: (item: Json) => boolean): boolean {
  return isJsonObject(value) && Object.values(value).every(is);
}

/** One that says something: who asks for others, or none, has a mistake. */
function isSelector(text: string): boolean {
  const parsed = selectorFromSpec(text);
  return parsed.ok && parsed.selector.requirements.length > 0;
}

function isText(value: Json): boolean {
  return typeof value === "string";
}

function isEffect(value: Json): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [overlay, changed, images] = value as readonly Json[]; // as above
  return (
    Number.isInteger(overlay) && typeof changed === "boolean" && isListOf(images, Number.isInteger)
  );
}

function isLeft(value: Json): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [overlay, site] = value as readonly Json[]; // as above
  return Number.isInteger(overlay) && (site === null || typeof site === "string");
}

const ownMarks: ReadonlySet<string> = new Set(["flotilla.dev/app", "flotilla.dev/owner"]);

/** It does not say how it is to be kept, protected or made anew. */
export function isOrdinary(object: KubeObject): boolean {
  const { labels, annotations } = object.metadata;
  const marks = [labels, annotations].flatMap((each) =>
    isJsonObject(each ?? null) ? Object.keys(each as JsonObject) : [],
  );
  // A StatefulSet may have claims.
  if (object.kind === "StatefulSet" || isKept(object)) return false;
  return marks.every((mark) => !isMark(mark) || ownMarks.has(mark));
}

function isMark(key: string): boolean {
  return key.startsWith("flotilla.dev/");
}

/** A variant whose objects are made when they are asked for. */
export class LaterVariant implements Variant {
  readonly tree: TreeId;
  readonly isOrdinary: boolean;
  readonly #objects: (tree: TreeId) => Variant["objects"];

  constructor(
    { tree, isOrdinary }: Omit<Variant, "objects"> & { readonly isOrdinary: boolean },
    objects: (tree: TreeId) => Variant["objects"],
  ) {
    this.tree = tree;
    this.isOrdinary = isOrdinary;
    this.#objects = objects;
  }

  get objects(): Variant["objects"] {
    return this.#objects(this.tree);
  }
}
