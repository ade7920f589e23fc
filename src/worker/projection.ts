import { type FieldSet, fieldsOfOthers } from "../core/apply/owned-fields.ts";
import { fieldManagerOf, hashOf } from "../core/apply/ownership.ts";
import { type Compared, projectFields } from "../core/apply/project-fields.ts";
import { type Json, isJsonObject } from "../core/model/json.ts";
import { type KubeObject, isSecret } from "../core/model/kube-object.ts";
import type { StateKey } from "./state-key.ts";

/** What is compared of a live object that is an app's at these fields. */
export function comparedOf(live: KubeObject, app: string, fields: FieldSet): Compared {
  return { value: live, fields, others: fieldsOfOthers(live, fieldManagerOf(app)) };
}

/** What a row keeps of the values that a live object has at our fields: a hash, of a Secret a sealed one. */
export function projectionOf(live: KubeObject, compared: Compared, key: StateKey): string {
  const hash = hashOf(projectFields(compared));
  return isSecret(live) ? key.seal(hash) : hash;
}

/** True where a row's projection is of a key that is lost: it compares with nothing. */
export function isOfLostKey(live: KubeObject, projection: string, key: StateKey): boolean {
  return isSecret(live) && key.isOther(projection);
}

/** Reads a row's `owned`. */
export function parseFields(text: string): Record<string, Json> {
  if (text === "") return {};
  const value = JSON.parse(text) as Json; // written when it was applied
  return isJsonObject(value) ? value : {};
}
