import { createStore, refRace, type StoreBackend } from "./backend-store.ts";
import { parseCommit } from "./commit-object.ts";
import { emptyTree, type GitObject } from "./object-id.ts";
import type { ObjectStore } from "./object-store.ts";

/**
 * An ObjectStore in memory, with the object ids of git: for simulation and tests. Stores over the same `stored` share
 * their objects; `refs` are its own unless they are given too.
 */
export function memoryStore(
  stored: Map<string, GitObject> = new Map(),
  refs: Map<string, string> = new Map(),
): ObjectStore {
  return createStore(memoryBackend(stored, refs));
}

function memoryBackend(stored: Map<string, GitObject>, refs: Map<string, string>): StoreBackend {
  stored.set(emptyTree, { type: "tree", bytes: Buffer.alloc(0) });
  return {
    refTarget: (ref) => Promise.resolve(refs.get(ref) ?? null),
    swapRef: async (ref, target, expected) => {
      const actual = refs.get(ref) ?? null;
      if (actual !== expected) throw refRace(ref, expected, actual);
      refs.set(ref, target);
    },
    objects: (oids) => Promise.resolve(pick(stored, oids)),
    types: async (oids) =>
      new Map([...pick(stored, oids)].map(([oid, { type }]) => [oid, type] as const)),
    write: async (objects) => {
      for (const { oid, type, bytes } of objects) stored.set(oid, { type, bytes });
    },
    line: async (from, options) => lineOf(stored, from, options),
    isAncestor: async (ancestor, descendant) => isReachable(stored, ancestor, descendant),
    close: () => Promise.resolve(),
  };
}

function pick(
  stored: ReadonlyMap<string, GitObject>,
  oids: readonly string[],
): ReadonlyMap<string, GitObject> {
  return new Map(
    oids.flatMap((oid) => {
      const object = stored.get(oid);
      return object === undefined ? [] : [[oid, object] as const];
    }),
  );
}

function lineOf(
  stored: ReadonlyMap<string, GitObject>,
  from: string,
  { telling = "", most }: Parameters<StoreBackend["line"]>[1],
): string[] {
  const found: string[] = [];
  for (let next: string | undefined = from; next !== undefined && found.length < most;) {
    const object = stored.get(next);
    if (object === undefined) break;
    const { oid, message, parents } = parseCommit(next, object.bytes);
    if (message.includes(telling)) found.push(oid);
    next = parents[0];
  }
  return found;
}

function isReachable(
  stored: ReadonlyMap<string, GitObject>,
  ancestor: string,
  descendant: string,
): boolean {
  const open = [descendant];
  const seen = new Set<string>(open);
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (oid === ancestor) return true;
    const object = stored.get(oid);
    for (const parent of object === undefined ? [] : parseCommit(oid, object.bytes).parents) {
      if (!seen.has(parent)) open.push(parent);
      seen.add(parent);
    }
  }
  return false;
}
