/** What the flags in a status say: fields that are true or false, by their names. */
import { type Json, isJsonObject } from "../model/json.ts";
import { type Health, worstOf } from "./health.ts";
import { type Meaning, meaningOf, wordsOf } from "./health-words.ts";
import { health } from "./read-object.ts";

/** The worst of what the flags say; undefined when they say nothing. */
export function flagHealth(status: Json | undefined): Health | undefined {
  if (!isJsonObject(status)) return undefined;
  return worstOf(Object.entries(status).flatMap(([field, value]) => flagWord(field, value) ?? []));
}

/** Results, which are trouble when they are not there; what else is not there yet is on its way (`ready: false`). */
const resultFlag = /^(healthy|applied|synced|accepted|valid|connected|succeeded|success)$/i;
const troubleFlag = /^(noMatch\w*)$/i;
/** What may be so or not: that something is possible, switched on, newer, or that copies can be made, says nothing. */
const neutralFlag =
  /(^(auto|can|should|allow|use|enable|update|upgrade|has|backup|restore)|(enabled|active|running|exists?)$)/i;

function flagWord(field: string, value: Json): Health | undefined {
  const flag = value === "True" || value === "False" ? value === "True" : value;
  if (typeof flag !== "boolean") return undefined;
  if (resultFlag.test(field)) return flag ? health("Healthy") : health("Degraded", `not ${field}`);
  if (troubleFlag.test(field)) return flag ? health("Degraded", field) : undefined;
  if (neutralFlag.test(field) || wordsOf(field).length > 3) return undefined;
  return flagOf(field, meaningOf(field), flag);
}

function flagOf(field: string, meaning: Meaning | undefined, flag: boolean): Health | undefined {
  if (meaning === "good") return flag ? health("Healthy") : health("Progressing", `not ${field}`);
  if (!flag) return undefined;
  if (meaning === "broken") return health("Degraded", field);
  return meaning === "waiting" ? health("Progressing", field) : undefined;
}
