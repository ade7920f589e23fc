import { type Json, isJsonObject } from "../core/model/json.ts";
import { type ObjectId, parseObjectId } from "../core/model/kube-object.ts";
import type { AppState } from "./app-state.ts";
import { lookUp } from "./look-up.ts";
import { type SiteContext, throwUnlessPassable } from "./site-context.ts";

/** The kinds that definitions among these define, "" where there is no such definition any more; without what cannot be read. */
export async function definedKinds(
  context: SiteContext,
  state: AppState,
  ids: readonly ObjectId[],
): Promise<ReadonlyMap<ObjectId, string>> {
  const defined = new Map<ObjectId, string>();
  for (const id of ids.filter((one) => parseObjectId(one)?.kind === "CustomResourceDefinition")) {
    try {
      const found = await lookUp(context, id, state.rows.get(id));
      const kind = member(member(found?.live["spec"], "names"), "kind");
      if (found === null) defined.set(id, "");
      else if (typeof kind === "string") defined.set(id, kind);
    } catch (error) {
      throwUnlessPassable(context, error);
    }
  }
  return defined;
}

function member(value: Json | undefined, field: string): Json | undefined {
  return isJsonObject(value) ? value[field] : undefined;
}
