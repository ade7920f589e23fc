import { managedEntries, mergeFields } from "../core/apply/compare-fields.ts";
import { describeFields } from "../core/apply/judge-conflicts.ts";
import { nobodysFields } from "../core/apply/nobodys-fields.ts";
import { stepInto } from "../core/apply/owned-fields.ts";
import { fieldManagerOf } from "../core/apply/ownership.ts";
import { describeStaying, stayingFields } from "../core/apply/staying-fields.ts";
import { canonicalJson, type Json } from "../core/model/json.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import { leftOf, writerFor } from "./app-policy.ts";
import type { ObjectWork } from "./apply-object.ts";
import { type SiteContext, throwUnlessPassable } from "./site-context.ts";

/**
 * What an object that becomes an app's keeps and Git does not have, in words; "" where that is nothing: what others set,
 * and what somebody had who has let go of it. `settled`: the object as it would be then.
 */
export async function keptOfOthers(
  context: SiteContext,
  work: ObjectWork,
  settled: KubeObject,
): Promise<string> {
  const { app, object } = work;
  const own = fieldManagerOf(app);
  const others = managedEntries(settled).filter(({ manager }) => manager !== own);
  const before = others.reduce((all, { fields }) => mergeFields(all, fields), {});
  const left = leftOf(context, app, object.key);
  const fresh = await freshObject(context, work);
  const stays = stayingFields(settled, { app, before, left });
  const owned = describeStaying(stays.filter(({ parts }) => !isAlike(settled, fresh, parts)));
  const nobodys = fresh === null ? [] : nobodysFields(settled, fresh);
  const rest = nobodys.length === 0 ? "" : `nobody owns ${describeFields(nobodys)}`;
  const words = [owned, rest].filter((text) => text !== "").join(", ");
  return words === "" ? "" : `keeps what is not in Git: ${words}`;
}

/** Whoever makes an object is noted as the owner of its defaults, too: what a new one would have just so is no news. */
function isAlike(one: KubeObject, fresh: KubeObject | null, parts: readonly string[]): boolean {
  const textIn = (object: KubeObject): string => {
    return canonicalJson(parts.reduce<Json | undefined>(stepInto, object) ?? null);
  };
  return fresh !== null && textIn(one) === textIn(fresh);
}

/**
 * The object as it would be if it were made anew, with all defaults: by a dry run under another name. null where the API
 * server refuses that.
 */
async function freshObject(
  context: SiteContext,
  { app, object: { object } }: ObjectWork,
): Promise<KubeObject | null> {
  const name = `${object.metadata.name.slice(0, 40).replace(/[.-]+$/, "")}-fresh`;
  const fresh = { ...object, metadata: { ...object.metadata, name } };
  const options = { fieldManager: fieldManagerOf(app), dryRun: true, signal: context.signal() };
  try {
    return await writerFor(context, app).apply(fresh, options);
  } catch (error) {
    throwUnlessPassable(context, error);
    return null;
  }
}
