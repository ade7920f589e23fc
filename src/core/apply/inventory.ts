/**
 * The inventory that lies in the child cluster: identities, and which Jobs were run that may be cleared away. In: ids. Out:
 * the data of one ConfigMap or more. It is read only where the worker's own store is lost.
 */
import { type Json, isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, parseObjectId } from "../model/kube-object.ts";

/** One ConfigMap of an inventory. */
export interface InventoryPart {
  readonly name: string;
  /** The ids, sorted, one a line. */
  readonly text: string;
  /** The Jobs among them that were run, one a line; "" where there are none. */
  readonly runs: string;
}

/** A Job that was run: in which cluster, as which object, and the hash of what was applied. */
export interface JobRun {
  /** A cluster that is made from another one's backup has run nothing. */
  readonly cluster: string;
  readonly uid: string;
  readonly hash: string;
}

/** Annotation of an inventory: the mirror whose worker wrote it last. */
export const mirrorAnnotation = "flotilla.dev/mirror";

/** Key in the ConfigMap's data. */
export const inventoryKey = "objects";
/** Key of the runs, where there are any. */
export const runsKey = "runs";
const maxPartBytes = 512 * 1024;

/** Name of the n-th ConfigMap of an app: `flotilla-web`, `flotilla-web--1`, ... (no app's name contains `--`, so that none is another's). */
export function inventoryName(app: string, part: number): string {
  return part === 0 ? `flotilla-${app}` : `flotilla-${app}--${part}`;
}

/** The mirror that a live object names, if it is an inventory; "" where it names none, as older workers write them. */
export function writerOf({ metadata }: KubeObject): string {
  const annotations = metadata["annotations"];
  const mirror = isJsonObject(annotations) ? annotations[mirrorAnnotation] : undefined;
  const isInventory = typeof metadata.name === "string" && metadata.name.startsWith("flotilla-");
  return isInventory && typeof mirror === "string" ? mirror : "";
}

/** The ConfigMaps that hold these ids: one, and a further one for each 512 KiB. */
export function inventoryParts(
  app: string,
  ids: Iterable<ObjectId>,
  runs: ReadonlyMap<ObjectId, JobRun> = new Map(),
): readonly InventoryPart[] {
  const parts: { text: string; runs: string }[] = [];
  let part = { text: "", runs: "" };
  for (const id of [...new Set(ids)].toSorted()) {
    const run = runs.get(id);
    const line = run === undefined ? "" : `${runText(id, run)}\n`;
    if (part.text.length + part.runs.length + id.length + 1 + line.length > maxPartBytes) {
      parts.push(part);
      part = { text: "", runs: "" };
    }
    part.text += `${id}\n`;
    part.runs += line;
  }
  parts.push(part);
  return parts.map((content, index) => ({ name: inventoryName(app, index), ...content }));
}

/** A run in one line. */
export function runText(id: ObjectId, { cluster, uid, hash }: JobRun): string {
  return [id, cluster, uid, hash].join(" ");
}

/** The Jobs that a ConfigMap's data says were run; what cannot be read there says nothing. */
export function parseRuns(data: Json | undefined): ReadonlyMap<ObjectId, JobRun> {
  const text = isJsonObject(data) ? data[runsKey] : undefined;
  const runs = new Map<ObjectId, JobRun>();
  for (const line of typeof text === "string" ? text.split("\n") : []) {
    const [id = "", cluster = "", uid = "", hash = ""] = line.split(" ");
    if (hash !== "") runs.set(id, { cluster, uid, hash });
  }
  return runs;
}

/** The ids in a ConfigMap's data; undefined when it is not an inventory that can be relied on. */
export function parseInventory(data: Json | undefined): readonly ObjectId[] | undefined {
  const text = isJsonObject(data) ? data[inventoryKey] : undefined;
  if (typeof text !== "string") return undefined;
  const ids = text.split("\n").filter((line) => line !== "");
  return ids.every((id) => parseObjectId(id) !== undefined) ? ids : undefined;
}
