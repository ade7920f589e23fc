import { parse } from "yaml";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import { type ApplyStep, orderObjects } from "../core/apply/order-objects.ts";
import { hashOf, prepareObject } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { type Json, isJsonObject } from "../core/model/json.ts";
import { type KubeObject, type ObjectId, keyOf, objectId } from "../core/model/kube-object.ts";

/** One object of a tree, as it is sent. */
export interface TreeObject extends ApplyStep {
  /** Hash of the object as it is sent. */
  readonly hash: string;
}

/** A tree of an app, whole: every file of it was read and understood. */
export interface AppTree {
  readonly tree: string;
  /** In the order of writing. */
  readonly objects: readonly TreeObject[];
  readonly ids: ReadonlySet<ObjectId>;
}

/** Trees that were read. Sites that share a variant share its tree. */
export interface TreeCache {
  /** MIRROR_INVALID when a file is not the object that its name says; git's errors when it cannot be read. */
  load(tree: string, owner: string): Promise<AppTree>;
}

const maxTrees = 500;

/** A cache over a store; keeps the trees used last. */
export function createTreeCache(store: ObjectStore): TreeCache {
  const trees = new Map<string, Promise<AppTree>>();
  return {
    load: (tree, owner) => {
      const key = `${owner} ${tree}`;
      const known = trees.get(key);
      trees.delete(key);
      const loading = known ?? readTree(store, tree, owner);
      trees.set(key, loading);
      if (known === undefined) loading.catch(() => trees.delete(key));
      for (const oldest of trees.keys()) {
        if (trees.size <= maxTrees) break;
        trees.delete(oldest);
      }
      return loading;
    },
  };
}

async function readTree(store: ObjectStore, tree: string, owner: string): Promise<AppTree> {
  const files = await store.list(tree);
  const texts = await store.read(files.map((file) => file.oid));
  const objects = files.map((file) =>
    prepareObject(parseObject(file.path, texts.get(file.oid)), owner),
  );
  if (objects.length === 0) throw invalid(`the tree ${tree} of ${owner} is empty`);
  const steps = orderObjects(objects).map((step) => ({ ...step, hash: hashOf(step.object) }));
  return { tree, objects: steps, ids: new Set(steps.map((step) => step.id)) };
}

function parseObject(path: string, text: string | undefined): KubeObject {
  if (text === undefined) throw invalid(`${path} is missing`);
  let value: Json;
  try {
    value = parse(text) as Json; // YAML without tags gives Json
  } catch {
    throw invalid(`${path} is not valid YAML`);
  }
  if (!isKubeObject(value)) throw invalid(`${path} is not a Kubernetes object`);
  if (`${objectId(keyOf(value))}.yaml` !== path) {
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
