/**
 * The inventory that lies in the child cluster: identities only, so that it says the same at every site that has the
 * same objects. In: ids. Out: the data of one ConfigMap or more. It is read only where the worker's own store is lost.
 */
import { type Json, isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, parseObjectId } from "../model/kube-object.ts";

/** One ConfigMap of an inventory. */
export interface InventoryPart {
  readonly name: string;
  /** The ids, sorted, one a line. */
  readonly text: string;
}

/** Annotation of an inventory: the mirror whose worker wrote it last. */
export const mirrorAnnotation = "flotilla.dev/mirror";

/** Key in the ConfigMap's data. */
export const inventoryKey = "objects";
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
export function inventoryParts(app: string, ids: Iterable<ObjectId>): readonly InventoryPart[] {
  const texts: string[] = [];
  let text = "";
  for (const id of [...new Set(ids)].toSorted()) {
    if (text.length + id.length + 1 > maxPartBytes) {
      texts.push(text);
      text = "";
    }
    text += `${id}\n`;
  }
  texts.push(text);
  return texts.map((content, index) => ({ name: inventoryName(app, index), text: content }));
}

/** The ids in a ConfigMap's data; undefined when it is not an inventory that can be relied on. */
export function parseInventory(data: Json | undefined): readonly ObjectId[] | undefined {
  const text = isJsonObject(data) ? data[inventoryKey] : undefined;
  if (typeof text !== "string") return undefined;
  const ids = text.split("\n").filter((line) => line !== "");
  return ids.every((id) => parseObjectId(id) !== undefined) ? ids : undefined;
}
