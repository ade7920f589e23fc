/**
 * Whether fields may be taken from their managers. In: the conflicts that an apply without force met. Out: those that
 * forbid it. Allowed are kubectl's fields, those of the app that handed the object over, and those that were ours when
 * we last applied and that somebody has edited since; never those of a controller or of another tool's apply.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { isWithin } from "./field-paths.ts";
import { type FieldSet, describePart, innerFields, stepInto } from "./owned-fields.ts";

/** One conflict: a field, and who owns it. */
export interface FieldConflict {
  readonly field: string;
  readonly manager: string;
  /** `Update`: an edit; `Apply`: server-side apply, a claim to go on owning the field. */
  readonly operation: "Apply" | "Update";
  /** "" but for writes by a subresource, such as `scale`. */
  readonly subresource: string;
}

/** What is known about the object that met the conflicts. */
export interface ConflictContext {
  /** What was ours when we last applied; "all" when nothing is known but that the object names us as its owner. */
  readonly owned: OwnedBefore | "all";
  /** Field managers of apps that handed the object over. */
  readonly handedOver: readonly string[];
}

/** Fields that were ours, and the object that met the conflicts: it tells dots in a key from a way down. */
export interface OwnedBefore {
  readonly fields: FieldSet;
  readonly sent: JsonObject;
}

/** Reads the causes of a refused apply. The message is the only place where the API server names the manager. */
export function parseConflicts(
  causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[],
): readonly FieldConflict[] {
  return causes
    .filter((cause) => cause.reason === "FieldManagerConflict")
    .map(({ field, message }) => {
      const found =
        /conflict with "(?<manager>(?:[^"\\]|\\.)*)"(?: with subresource "(?<sub>[^"]*)")?(?<update> using )?/.exec(
          message,
        )?.groups ?? {};
      return {
        field,
        manager: found["manager"] ?? "",
        subresource: found["sub"] ?? "",
        operation: found["update"] === undefined ? "Apply" : "Update",
      };
    });
}

const maxFields = 3;
const maxManagers = 5;

/**
 * Each manager with its fields, and how many more there are: `manager alpha owns .data.a, manager beta owns .data.b`. By
 * name, for API servers give the managers in an order that is another one each time.
 */
export function describeConflicts(conflicts: readonly FieldConflict[]): string {
  const fieldsOf = new Map<string, Set<string>>();
  for (const { manager, field } of conflicts) {
    fieldsOf.set(manager, (fieldsOf.get(manager) ?? new Set()).add(field));
  }
  if (fieldsOf.size === 0) return "another manager owns fields of it";
  const byName = [...fieldsOf].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const all = byName.map(([manager, fields]) => {
    const who = manager === "" ? "another manager" : `manager ${manager}`;
    return `${who} owns ${describeFields([...fields])}`;
  });
  return some(all, maxManagers, "more managers own others");
}

/** Fields, and how many more there are. */
export function describeFields(fields: readonly string[]): string {
  return some(fields, maxFields, "more");
}

function some(all: readonly string[], max: number, others: string): string {
  const more = all.length > max ? ` and ${all.length - max} ${others}` : "";
  return all.slice(0, max).join(", ") + more;
}

/** The conflicts that forbid taking the fields; empty: the apply may be forced. */
export function forbiddenConflicts(
  conflicts: readonly FieldConflict[],
  context: ConflictContext,
): readonly FieldConflict[] {
  return conflicts.filter((conflict) => !mayTake(conflict, context));
}

function mayTake(conflict: FieldConflict, context: ConflictContext): boolean {
  const { manager, operation, field } = conflict;
  if (context.handedOver.includes(manager)) return true;
  if (/^kubectl($|-)/.test(manager) || manager === "flotilla") return true;
  if (manager.startsWith("flotilla/") || operation === "Apply") return false;
  if (manager === "" || manager === "kube-controller-manager") return false;
  const { owned } = context;
  return owned === "all" || isOwned(field, owned.sent, owned.fields);
}

/** An atomic value is owned as a whole, so that a field below or above an owned one is ours too. */
function isOwned(path: string, sent: Json | undefined, fields: FieldSet): boolean {
  return Object.keys(fields).some((part) => {
    const step = describePart(part);
    if (!isWithin(path, step)) return false;
    const rest = path.slice(step.length);
    if (rest === "") return true;
    const value = stepInto(sent, part);
    const inner = innerFields(fields, part);
    const isLeaf = Object.keys(inner).every((each) => each === ".");
    if (!isLeaf) return isOwned(rest, value, inner);
    // What was an empty map has nothing of ours in it. What does not hold anything has nothing below it: the rest belongs
    // to another key.
    return !("." in inner) && (isJsonObject(value) || Array.isArray(value));
  });
}
