/**
 * A comparison as it may leave the region. In: a live object, what an apply would leave, what stood in its way. Out:
 * fields and claims in words, without values of Secrets or what looks like a secret, and bounded.
 */
import {
  type ComparedField,
  type ManagedEntry,
  fieldDifferences,
  managedEntries,
  mergeFields,
} from "../core/apply/compare-fields.ts";
import type { FieldConflict } from "../core/apply/judge-conflicts.ts";
import { type FieldSet, fieldPaths, ownedFields, pathsInto } from "../core/apply/owned-fields.ts";
import { fieldManagerOf } from "../core/apply/ownership.ts";
import { type Json, isJsonObject } from "../core/model/json.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import {
  type FieldClaim,
  type FieldDifference,
  type ObjectComparison,
  maxValueLength,
} from "../core/protocol/site-diff.ts";
import { redact, redactText } from "../runtime/redact.ts";
import { namesSecret } from "../runtime/secret-names.ts";
import type { ObjectWork } from "./apply-object.ts";

/** What was found out about one object that stands. */
export interface Comparison {
  readonly work: ObjectWork;
  readonly live: KubeObject;
  /** As an apply would leave it, were nothing taken over and nothing removed then. */
  readonly applied: KubeObject;
  /** What an apply takes over. */
  readonly taken: readonly ManagedEntry[];
  /** As it would be in the end. */
  readonly settled: KubeObject;
  /** What others have of it and would go. */
  readonly gone: FieldSet;
  readonly conflicts: readonly FieldConflict[];
  readonly forbidden: readonly FieldConflict[];
}

const maxListed = 100;
const maxWords = 1000;

/** Fills up and bounds. */
export function tell(
  found: Pick<ObjectComparison, "object" | "state"> & Partial<ObjectComparison>,
): ObjectComparison {
  const { object, state, reason = "", adopts = false, fields = [], claims = [] } = found;
  const omitted = Math.max(0, fields.length - maxListed) + Math.max(0, claims.length - maxListed);
  return {
    object: object.slice(0, maxWords),
    state,
    reason: cutWords(redactText(reason)),
    adopts,
    fields: fields.slice(0, maxListed),
    claims: claims.slice(0, maxListed).map((one) => ({ ...one, field: cutWords(one.field) })),
    omitted,
  };
}

/** With a mark where it was cut: what is left there of a secret value is known by that. */
export function cutWords(text: string): string {
  return text.length > maxWords ? `${text.slice(0, maxWords)}…` : text;
}

/** The fields of ours that would change, and those of others that would go because Git does not have them. */
export function differencesOf(found: Comparison): FieldDifference[] {
  const { work } = found;
  const isSecret = work.object.key.kind === "Secret" && work.object.key.group === "";
  const othersAt = holdersOf(found);
  return changesOf(found).map((field) => ({
    ...valuesOf(field, isSecret),
    managers: othersAt(field.path),
  }));
}

function changesOf({ work, live, applied, settled, gone }: Comparison): readonly ComparedField[] {
  const manager = fieldManagerOf(work.app);
  const ours = mergeFields(ownedFields(live, manager), ownedFields(applied, manager));
  return fieldDifferences(live, settled, mergeFields(ours, gone));
}

/** Fields of ours that others have, each with what becomes of it. */
export function claimsOf(found: Comparison): FieldClaim[] {
  const { work, live, applied, conflicts, forbidden } = found;
  const manager = fieldManagerOf(work.app);
  const ours = new Set(fieldPaths(ownedFields(applied, manager)));
  const taken = new Map(found.taken.map((entry) => [identityOf(entry), pathsOf(entry)]));
  const claims = new Map<string, FieldClaim>();
  const put = (claim: FieldClaim): void => {
    claims.set(`${claim.field} ${claim.manager}`, claim);
  };
  for (const entry of managedEntries(live).filter((one) => one.manager !== manager)) {
    const gives = taken.get(identityOf(entry));
    for (const field of pathsOf(entry)) {
      const verdict = gives?.has(field) === true ? "taken" : "shared";
      if (ours.has(field)) put({ field, manager: entry.manager, verdict });
    }
  }
  for (const { field, manager: other } of conflicts)
    put({ field, manager: other, verdict: "taken" });
  for (const one of forbidden) {
    put({ field: one.field, manager: one.manager, verdict: "conflict" });
  }
  for (const claim of removedClaims(found)) put(claim);
  return [...claims.values()].toSorted((a, b) => (a.field < b.field ? -1 : 1));
}

/** What changes and is not the app's afterwards: it goes, or gets its default. */
function removedClaims(found: Comparison): FieldClaim[] {
  const ours = pathsInto(ownedFields(found.applied, fieldManagerOf(found.work.app)));
  const othersAt = holdersOf(found);
  const gone = changesOf(found).filter(({ path }) => !ours.has(path));
  return gone.flatMap(({ path: field }) =>
    othersAt(field).map((manager) => ({ field, manager, verdict: "removed" }) as const),
  );
}

/** By path: others that have the field, or something in it. Of a large object many are asked for. */
function holdersOf({ work, live }: Comparison): (path: string) => string[] {
  const own = fieldManagerOf(work.app);
  const others = managedEntries(live)
    .filter(({ manager }) => manager !== own)
    .map(({ manager, fields }) => ({ manager, paths: pathsInto(fields) }));
  return (path) => {
    const holders = others.filter(({ paths }) => paths.has(path));
    return [...new Set(holders.map(({ manager }) => manager))];
  };
}

function identityOf({ manager, operation, subresource, apiVersion }: ManagedEntry): string {
  return JSON.stringify([manager, operation, subresource, apiVersion]);
}

function pathsOf({ fields }: ManagedEntry): ReadonlySet<string> {
  return new Set(fieldPaths(fields));
}

/** kubectl keeps whole objects in it, Secrets too. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const notTold = "(hidden)";

function valuesOf(
  { path, live, desired }: ComparedField,
  isSecret: boolean,
): Omit<FieldDifference, "managers"> {
  const field = cutWords(path);
  const isNamed = path.split(/[.[\]"=,]+/).some((name) => namesSecret(name));
  // Nothing of a Secret is told: other tools, too, keep whole objects in annotations.
  const isPrivate = isSecret || JSON.stringify([path, live, desired]).includes(lastApplied);
  const mayBeSecret = isNamed && [live, desired].some((value) => typeof value === "string");
  const [before, after] = [textOf(live), textOf(desired)];
  const hidden = isPrivate || mayBeSecret || before === after;
  if (!hidden) return { field, live: before, desired: after, hidden };
  const told = (text: string | null): string | null => (text === null ? null : notTold);
  return { field, live: told(before), desired: told(after), hidden };
}

function textOf(value: Json | undefined): string | null {
  if (value === undefined) return null;
  const text = JSON.stringify(redact(withoutSecretEnv(value)));
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text;
}

/** `{name: DB_PASSWORD, value: ...}` names its secret by a value, not by a key. */
function withoutSecretEnv(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutSecretEnv(item));
  if (!isJsonObject(value)) return value;
  const isSecret = typeof value["name"] === "string" && namesSecret(value["name"]);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) =>
      isSecret && key === "value" ? [key, notTold] : [key, withoutSecretEnv(item)],
    ),
  );
}
