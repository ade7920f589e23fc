/** What the counts in a status say: how many there are of what is wanted, by the names that workloads give them. */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { Health } from "./health.ts";
import { wordsOf } from "./health-words.ts";
import { at, health } from "./read-object.ts";

/** A count of what is as it should be: `readyReplicas`, `updatedNodes`, `numberAvailable`, `healthyInstances`. */
const goodCount = new Set(["ready", "available", "updated", "healthy"]);
/** A count of what is wanted: `desiredNumberScheduled`, `expectedPods`, `totalMembers`. */
const wantedCount = new Set(["desired", "expected", "total", "wanted"]);
/** Words that say nothing about what is counted. */
const filler = new Set(["number", "num", "count", "of", "scheduled", "current", "matched"]);

/** A count of what is not as it should be yet: `unavailableReplicas`, `unreadyNodes`. */
const badCount = new Set(["unready", "unavailable", "unhealthy"]);

/** Progressing while there are fewer than wanted; undefined when nothing is counted against anything. */
export function countHealth(status: Json | undefined, spec?: Json): Health | undefined {
  if (!isJsonObject(status)) return undefined;
  return endHealth(status) ?? shareHealth(status, spec);
}

/** The counts of what ends: how many are at work, have ended well, and have failed. */
function endHealth(status: JsonObject): Health | undefined {
  const { active, succeeded, failed = 0 } = status;
  if (typeof active !== "number" || typeof succeeded !== "number" || typeof failed !== "number")
    return undefined;
  if (active > 0) return health("Progressing", `${active} at work, ${succeeded} have succeeded`);
  if (failed > 0) return health("Degraded", `${failed} have failed, ${succeeded} have succeeded`);
  return succeeded > 0 ? health("Healthy") : undefined;
}

function shareHealth(status: JsonObject, spec: Json | undefined): Health | undefined {
  const counts = Object.entries(status).flatMap(([field, value]) => countOf(field, value) ?? []);
  const judged = counts.flatMap((count) => {
    const wanted = count.role === "good" ? wantedOf(spec, counts, count) : undefined;
    return wanted === undefined ? [] : { ...count, wanted };
  });
  const shares = [...judged, ...sharesOf(status), ...progressIn(status)];
  const all = [...shares, ...counts.flatMap((count) => scaleOf(spec, count) ?? [])];
  const short = all.find(({ count, wanted }) => count < wanted);
  if (short !== undefined) {
    return health("Progressing", `${short.field}: ${short.count} of ${short.wanted}`);
  }
  const bad = counts.filter(({ role }) => role === "bad");
  const amiss = bad.find(({ count }) => count > 0);
  if (amiss !== undefined) return health("Progressing", `${amiss.field}: ${amiss.count}`);
  return shares.length + bad.length > 0 ? health("Healthy") : undefined;
}

/** How many there are, as the scale subresource counts; that there are enough says nothing of how they are. */
function scaleOf(spec: Json | undefined, { field, count }: Count): Share | undefined {
  const wanted = at(spec, field);
  if (!/^(replicas|instances)$/.test(field) || typeof wanted !== "number") return undefined;
  return { field, count, wanted };
}

interface Count {
  readonly field: string;
  readonly role: "good" | "bad" | "wanted" | "all";
  readonly noun: string;
  readonly count: number;
}

function countOf(field: string, value: Json): Count | undefined {
  if (typeof value !== "number") return undefined;
  const words = wordsOf(field);
  const isWanted = words.some((word) => wantedCount.has(word));
  const isGood = words.some((word) => goodCount.has(word));
  const isBad = words.some((word) => badCount.has(word));
  const noun = words.filter(
    (word) => !goodCount.has(word) && !wantedCount.has(word) && !filler.has(word),
  );
  const role = isBad ? "bad" : isWanted ? "wanted" : isGood ? "good" : "all";
  return { field, role, noun: noun.join(" "), count: value };
}

/** What the specification asks for, else what the status calls wanted, else how many there are at all. */
function wantedOf(
  spec: Json | undefined,
  counts: readonly Count[],
  { field, noun }: Count,
): number | undefined {
  if (/^updated/i.test(field)) return toUpdate(spec, counts, noun);

  const asked = noun === "" ? undefined : at(spec, noun);
  if (typeof asked === "number") return asked;
  const wanted = counts.filter(({ role }) => role === "wanted");
  const found = wanted.find((one) => one.noun === noun);
  if (found !== undefined) return found.count;
  if (noun === "" && wanted.length === 1) return wanted[0]?.count;
  return counts.find((one) => one.role === "all" && one.noun === noun)?.count;
}

/** All that are wanted or still there, less those that the specification leaves as they are (`partition`). */
function toUpdate(
  spec: Json | undefined,
  counts: readonly Count[],
  noun: string,
): number | undefined {
  const asked = at(spec, noun);
  const all = counts.filter((one) => one.noun === noun && !/good|bad/.test(one.role));
  const found = [...all.map(({ count }) => count), ...(typeof asked === "number" ? [asked] : [])];
  if (found.length === 0) return undefined;
  const kept =
    at(spec, "updateStrategy", "partition") ??
    at(spec, "updateStrategy", "rollingUpdate", "partition");
  return Math.max(...found) - (typeof kept === "number" ? kept : 0);
}

/** How far it has come, in parts of a hundred: `40`, `40.5%`. That it has come to the end says nothing of how it ended. */
function progressIn({ progress }: JsonObject): readonly Share[] {
  const count = percentOf(progress);
  return count !== undefined && count < 100 ? [{ field: "progress", count, wanted: 100 }] : [];
}

function percentOf(value: Json | undefined): number | undefined {
  if (typeof value === "number") return value;
  const digits = typeof value === "string" ? /^(\d{1,3}(?:\.\d+)?)%$/.exec(value)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

interface Share {
  readonly field: string;
  readonly count: number;
  readonly wanted: number;
}

/** Texts such as `2/3`, at the top of the status or one level below (`scale`). */
function sharesOf(status: JsonObject): readonly Share[] {
  const below = Object.values(status).filter((value) => isJsonObject(value));
  return [status, ...below].flatMap(Object.entries<Json>).flatMap(([field, value]) => {
    const share = typeof value === "string" ? /^(\d{1,9})\/(\d{1,9})$/.exec(value) : null;
    return share === null ? [] : { field, count: Number(share[1]), wanted: Number(share[2]) };
  });
}
