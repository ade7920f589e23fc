import pLimit from "p-limit";
import { parse } from "yaml";
import type { ObjectStore, TreeEntry } from "../adapters/git/object-store.ts";
import { type ApplyStep, orderObjects } from "../core/apply/order-objects.ts";
import { encodeObject, hashOf, prepareObject } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { readEmitted } from "../core/render/read-emitted.ts";
import { type Json, isJsonObject } from "../core/model/json.ts";
import { type KubeObject, type ObjectId, keyOf, objectId } from "../core/model/kube-object.ts";
import type { Clock } from "../runtime/clock.ts";

/** One object of a tree, as it is sent. */
export interface TreeObject extends ApplyStep {
  /** Hash of the object as it is sent. */
  readonly hash: string;
  /** The object as JSON, encoded once for all sites; `metadata` stands first. */
  readonly text: string;
}

/** A tree of an app, whole: every file of it was read and understood. */
export interface AppTree {
  readonly tree: string;
  /** In the order of writing. */
  readonly objects: readonly TreeObject[];
  readonly ids: ReadonlySet<ObjectId>;
}

/** Trees that were read. Sites that share a variant share its tree, and trees that share an object share that. */
export interface TreeCache {
  /** MIRROR_INVALID when a file is not the object that its name says; git's errors when it cannot be read. */
  load(tree: string, owner: string): Promise<AppTree>;
  /** Which objects a tree has, by the names of its files alone: also where one of them is no object. */
  ids(tree: string): Promise<ReadonlySet<ObjectId>>;
}

const maxTrees = 5000;
const maxObjects = 50_000;

/** Trees that are read at once. */
const atOnce = 4;
/** After so long a time of reading others get a turn: what was read is sent while the next is read. */
const breathAfterMs = 4;

/** What a cache needs. */
export interface TreeCacheOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Called with each object when it was read. */
  readonly onRead: (object: KubeObject) => void;
}

/** A cache over a store; keeps what was used last. */
export function createTreeCache({ store, clock, onRead }: TreeCacheOptions): TreeCache {
  const limit = pLimit(atOnce);
  const turns = new Turns(clock);
  const trees = createLastUsed<AppTree>(maxTrees);
  const names = createLastUsed<ReadonlySet<ObjectId>>(maxTrees);
  const prepared = createLastUsed<Prepared>(maxObjects);
  return {
    load: (tree, owner) =>
      trees(`${owner} ${tree}`, () =>
        limit(() => readTree({ store, prepared, turns, onRead }, tree, owner)),
      ),
    ids: (tree) =>
      names(tree, async () => new Set((await filesOf(store, tree)).map(({ path }) => idOf(path)))),
  };
}

/** Work in turns: with a breath for others after each few ms of it, wherever it comes from. */
class Turns {
  readonly #clock: Clock;
  #busyMs = 0;
  #breath: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async take<T>(work: () => T): Promise<T> {
    // All who wait go on after one breath, and the first of them may need the next.
    while (this.#busyMs >= breathAfterMs) await (this.#breath ??= this.#breathe());
    const startedAt = this.#clock.monotonic();
    try {
      return work();
    } finally {
      this.#busyMs += this.#clock.monotonic() - startedAt;
    }
  }

  async #breathe(): Promise<void> {
    await this.#clock.sleep(0);
    this.#busyMs = 0;
    this.#breath = undefined;
  }
}

/** What is kept of one file. */
interface Prepared {
  readonly object: KubeObject;
  readonly hash: string;
  readonly text: string;
}

type LastUsed<T> = (key: string, make: () => Promise<T>) => Promise<T>;

/** Keeps what was asked for last, as it is made or made; a failure is not kept. */
function createLastUsed<T>(max: number): LastUsed<T> {
  const kept = new Map<string, Promise<T>>();
  return (key, make) => {
    const known = kept.get(key);
    kept.delete(key);
    const value = known ?? make();
    kept.set(key, value);
    if (known === undefined) value.catch(() => kept.delete(key));
    for (const oldest of kept.keys()) {
      if (kept.size <= max) break;
      kept.delete(oldest);
    }
    return value;
  };
}

interface Reading {
  readonly store: ObjectStore;
  readonly prepared: LastUsed<Prepared>;
  readonly turns: Turns;
  readonly onRead: (object: KubeObject) => void;
}

async function readTree(
  { store, prepared, turns, onRead }: Reading,
  tree: string,
  owner: string,
): Promise<AppTree> {
  const files = await filesOf(store, tree);
  if (files.length === 0) throw invalid(`the tree ${tree} of ${owner} is empty`);
  const read = await Promise.all(
    files.map(({ path, oid }) =>
      // The path too: a file under a wrong name is no better for being right under another.
      prepared(`${owner} ${path} ${oid}`, async () => {
        const texts = await store.read([oid]);
        return turns.take(() => prepare(parseObject(path, texts.get(oid)), owner));
      }),
    ),
  );
  for (const { object } of read) onRead(object);
  const known = new Map(read.map((one) => [one.object, one]));
  const objects = orderObjects(read.map(({ object }) => object)).map((step) => {
    const { hash = "", text = "" } = known.get(step.object) ?? {};
    return { ...step, hash, text };
  });
  return { tree, objects, ids: new Set(objects.map((step) => step.id)) };
}

/** The files of an app's tree; it has no folders. */
async function filesOf(store: ObjectStore, tree: string): Promise<readonly TreeEntry[]> {
  const files = await store.children(tree);
  const folder = files.find(({ type }) => type !== "blob");
  if (folder !== undefined) throw invalid(`the tree ${tree} has a folder ${folder.path}`);
  return files;
}

const extension = ".yaml";

function idOf(path: string): ObjectId {
  return path.endsWith(extension) ? path.slice(0, -extension.length) : path;
}

function prepare(parsed: KubeObject, owner: string): Prepared {
  const object = prepareObject(parsed, owner);
  return { object, hash: hashOf(object), text: encodeObject(object) };
}

function parseObject(path: string, text: string | undefined): KubeObject {
  if (text === undefined) throw invalid(`${path} is missing`);
  let value: Json;
  try {
    value = readEmitted(text) ?? (parse(text) as Json); // YAML without tags gives Json
  } catch {
    throw invalid(`${path} is not valid YAML`);
  }
  if (!isKubeObject(value)) throw invalid(`${path} is not a Kubernetes object`);
  if (`${objectId(keyOf(value))}${extension}` !== path) {
    throw invalid(`${path} holds another object than its name says`);
  }
  return value;
}

function isKubeObject(value: Json): value is KubeObject {
  return (
    isJsonObject(value) &&
    typeof value["apiVersion"] === "string" &&
    typeof value["kind"] === "string" &&
    isJsonObject(value["metadata"]) &&
    typeof value["metadata"]["name"] === "string"
  );
}

function invalid(what: string): FleetError {
  return new FleetError("MIRROR_INVALID", `the mirror is damaged: ${what}`);
}
