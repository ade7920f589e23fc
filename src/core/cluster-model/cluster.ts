/**
 * One Kubernetes cluster as a value that its owner keeps: objects, versions, pending work of controllers, a script for
 * its pods. No clock, no randomness, no I/O: time comes with every call, uids from the cluster's seed and a counter.
 * The same calls give the same answers.
 */
import { CustomTypes } from "./custom-types.ts";
import { ObjectStore } from "./object-store.ts";
import type { Outcome, PodScript } from "./pods/pod-script.ts";
import { Timers } from "./timers.ts";

/** `seed` makes the uids (default: of the name). */
export interface ClusterOptions {
  readonly name: string;
  readonly seed?: number;
  /** Ready nodes at the start; default node-a and node-b. */
  readonly nodes?: readonly string[];
  readonly script?: PodScript;
  /** Changes that are kept for watches; default 200. */
  readonly historyLength?: number;
}

/** How far a pod has come: what the kubelet knows of it. */
export interface PodProgress {
  readonly seenAt: number;
  written?: Outcome;
  restarts: number;
  restartAt: number;
  endsAt?: number;
}

/** The state of one cluster. */
export interface Cluster {
  readonly name: string;
  readonly store: ObjectStore;
  readonly timers: Timers;
  readonly custom: CustomTypes;
  /** By uid. */
  readonly pods: Map<string, PodProgress>;
  /** What becomes of pods; `setScript` changes it. */
  script: PodScript;
  /** Time of the last call: time never goes back. */
  now: number;
  readonly seed: number;
  /** How many uids, addresses and ports were given out. */
  uids: number;
  addresses: number;
}

/** An empty cluster without its first objects: `createCluster` adds them. */
export function emptyCluster(options: ClusterOptions, now: number): Cluster {
  return {
    name: options.name,
    store: new ObjectStore(options.historyLength ?? 200),
    timers: new Timers(),
    custom: new CustomTypes(),
    pods: new Map(),
    script: options.script ?? [],
    now,
    seed: options.seed ?? hashText(options.name),
    uids: 0,
    addresses: 0,
  };
}

/** The next uid: the same for the same cluster and count. */
export function nextUid(cluster: Cluster): string {
  cluster.uids += 1;
  const a = hex(mix(cluster.seed, cluster.uids));
  const b = hex(mix(cluster.seed ^ 0x5bd1e995, cluster.uids));
  const c = hex(mix(cluster.seed ^ 0x1b873593, cluster.uids));
  const d = hex(mix(cluster.seed ^ 0x27d4eb2f, cluster.uids));
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

const suffixLetters = "bcdfghjklmnpqrstvwxz2456789";

/** The five letters that generateName and ReplicaSets add to a name. */
export function nextSuffix(cluster: Cluster): string {
  cluster.uids += 1;
  let number = mix(cluster.seed, cluster.uids);
  let suffix = "";
  for (let i = 0; i < 5; i += 1) {
    suffix += suffixLetters[number % suffixLetters.length];
    number = Math.floor(number / suffixLetters.length) ^ (i * 7);
  }
  return suffix;
}

/** A 32-bit hash of a text (FNV-1a). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** Ten letters from a hash, as pod-template-hash has them. */
export function safeHash(text: string): string {
  return String(hashText(text)).replaceAll(/\d/g, (digit) => suffixLetters.charAt(Number(digit)));
}

function mix(seed: number, count: number): number {
  let hash = (seed ^ Math.imul(count, 0x9e3779b1)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hex(number: number): string {
  return number.toString(16).padStart(8, "0");
}
