/**
 * Merges an applied configuration into the live object as the API server does. Parts that do not change are those of
 * the live object itself, so that what follows can tell by identity what changed.
 */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { stepOf } from "./list-items.ts";
import type { FieldType, ListType, MapType } from "./schema.ts";
import { fieldType, formOf, hasNoMembers, isSameValue, itemsOf, membersOf } from "./typed-value.ts";

/** The live value with the applied one merged into it; neither is changed. */
export function mergeValues(
  live: Json | undefined,
  applied: Json | undefined,
  type: FieldType,
): Json | undefined {
  if (applied === undefined) return live;
  if (live === undefined) return applied;
  const form = formOf(type, applied);
  if (form.kind === "scalar") return replaced(live, applied);
  if (hasNoMembers(live) && hasNoMembers(applied)) return replaced(live, applied);
  if (form.kind === "map") {
    if (form.isAtomic) return replaced(live, applied);
    return mergeMaps(live, membersOf(applied), form);
  }
  if (form.merge === "atomic") return replaced(live, applied);
  return mergeLists(live, itemsOf(applied), form);
}

function replaced(live: Json, applied: Json): Json {
  return isSameValue(live, applied) ? live : applied;
}

function mergeMaps(live: Json, applied: JsonObject, map: MapType): Json {
  if (!isJsonObject(live)) return applied;
  let result: Record<string, Json> | undefined;
  for (const key in applied) {
    const type = fieldType(map, key);
    if (type === undefined) continue;
    const merged = mergeValues(live[key], applied[key], type);
    if (merged === live[key] || merged === undefined) continue;
    result ??= { ...live };
    result[key] = merged;
  }
  return result ?? live;
}

function mergeLists(live: Json, applied: readonly Json[], list: ListType): Json {
  if (!Array.isArray(live)) return applied;
  const liveSteps = live.map((item: Json) => stepOf(item, list));
  const appliedSteps = applied.map((item) => stepOf(item, list));
  const items = new ItemMerge({ live, applied, liveSteps, appliedSteps, list }).run();
  const isSame =
    items.length === live.length && items.every((item, index) => item === (live[index] as Json)); // the same length
  return isSame ? live : items;
}

interface MergedLists {
  readonly live: readonly Json[];
  readonly applied: readonly Json[];
  readonly liveSteps: readonly string[];
  readonly appliedSteps: readonly string[];
  readonly list: ListType;
}

/**
 * Applied items come in the order of the configuration. Live items that it does not name stay behind the item that
 * they followed, as far as the two orders agree.
 */
class ItemMerge {
  readonly #lists: MergedLists;
  /** Live items by step; those that are there twice are replaced, not merged. */
  readonly #live = new Map<string, Json | undefined>();
  readonly #applied: ReadonlyMap<string, Json>;
  /** Steps that both have, in the order of the configuration. */
  readonly #shared: readonly string[];
  readonly #done = new Set<string>();
  readonly #result: Json[] = [];
  #liveAt = 0;
  #appliedAt = 0;
  #sharedAt = 0;

  constructor(lists: MergedLists) {
    this.#lists = lists;
    for (const [index, step] of lists.liveSteps.entries()) {
      this.#live.set(step, this.#live.has(step) ? undefined : lists.live[index]);
    }
    this.#applied = new Map(
      lists.appliedSteps.map((step, index) => [step, lists.applied[index] ?? null]),
    );
    this.#shared = lists.appliedSteps.filter((step) => this.#live.has(step));
  }

  run(): readonly Json[] {
    const { liveSteps, appliedSteps } = this.#lists;
    while (this.#liveAt < liveSteps.length || this.#appliedAt < appliedSteps.length) {
      if (!this.#takeLive()) this.#takeApplied();
    }
    return this.#result;
  }

  /** Moves on in the live list, if it is its turn. */
  #takeLive(): boolean {
    const { live, liveSteps, appliedSteps } = this.#lists;
    const step = liveSteps[this.#liveAt];
    if (step === undefined) return false;
    const next = appliedSteps[this.#appliedAt];
    if (next === step) {
      this.#liveAt += 1;
      this.#takeApplied();
      return true;
    }
    const isApplied = this.#applied.has(step);
    if (!isApplied) {
      this.#result.push(live[this.#liveAt] ?? null);
      this.#liveAt += 1;
      return true;
    }
    const wanted = this.#shared[this.#sharedAt];
    const isOutOfTurn = next !== undefined && wanted !== undefined && wanted !== step;
    if (isOutOfTurn || this.#done.has(step)) {
      this.#liveAt += 1;
      return isOutOfTurn;
    }
    return false;
  }

  #takeApplied(): void {
    const { applied, appliedSteps, list } = this.#lists;
    const step = appliedSteps[this.#appliedAt];
    if (step === undefined) return;
    const item = applied[this.#appliedAt] ?? null;
    this.#result.push(mergeValues(this.#live.get(step), item, list.items) ?? null);
    this.#done.add(step);
    this.#appliedAt += 1;
    if (this.#shared[this.#sharedAt] === step) this.#sharedAt += 1;
  }
}
