/**
 * Items of a merged list that a patch meets by its one key though another field tells them apart, too: port 53 of TCP, where
 * the patch says UDP. The API server changes and deletes them all the same.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type MergeContext, inside } from "./merge-context.ts";
import { idOf, isListDeletion } from "./merge-list.ts";
import type { FieldSchema, SecondKey } from "./merge-schema.ts";

interface Changes {
  readonly original: readonly Json[];
  readonly changes: readonly JsonObject[];
  readonly field: FieldSchema;
}

/** Tells at each item of a patch what it may meet by mistake. */
export function tellDoubts({ original, changes, field }: Changes, context: MergeContext): void {
  const { second, keys } = field;
  if (second === undefined) return;
  const byId = new Map<string | undefined, JsonObject[]>();
  const note = (item: JsonObject): void => {
    const id = idOf(item, field);
    const known = byId.get(id);
    if (known === undefined) byId.set(id, [item]);
    else known.push(item);
  };
  for (const item of original) if (isJsonObject(item)) note(item);
  for (const [index, change] of changes.entries()) {
    const met = byId.get(idOf(change, field)) ?? [];
    if (met.length === 0 && !isListDeletion(change)) note(change);
    const what = doubtOf(change, met, second);
    if (what === undefined) continue;
    const message = `items of this list are told by ${keys.join()} alone: this ${what}`;
    context.doubts.push({ path: inside(context, index).path, message });
  }
}

/** What a change does that may not be meant, in words. */
function doubtOf(
  change: JsonObject,
  met: readonly JsonObject[],
  second: SecondKey,
): string | undefined {
  const [first, ...more] = met.map((item) => textIn(item, second) ?? second.fallback ?? "none");
  if (first === undefined) return undefined;
  const wanted = textIn(change, second) ?? (more.length === 0 ? first : undefined);
  if (isListDeletion(change)) {
    const isMeant = wanted === first && more.length === 0;
    return isMeant ? undefined : `deletes ${shown([first, ...more], second)}`;
  }
  return wanted === first ? undefined : `changes ${shown([first], second)}`;
}

function textIn(item: JsonObject, { name }: SecondKey): string | undefined {
  const value = item[name];
  return typeof value === "string" ? value : undefined;
}

function shown(values: readonly string[], { name }: SecondKey): string {
  return `what has ${name} ${[...new Set(values)].join(" and ")}`;
}
