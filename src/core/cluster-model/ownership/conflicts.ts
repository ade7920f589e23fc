/** Conflicts of an apply: fields that it would change and that other managers own. */
import { type FieldSet, pathsOf } from "./field-set.ts";
import { describePath } from "./list-items.ts";
import { type Manager, managerId } from "./managed-fields.ts";

/** The fields of one other manager that the apply would change. */
export interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

/** One field, as the causes of the API server's answer (409, reason Conflict) name it. */
interface ConflictCause {
  readonly reason: "FieldManagerConflict";
  readonly message: string;
  readonly field: string;
}

/** Message and causes of the answer. */
export interface ConflictAnswer {
  readonly message: string;
  readonly causes: readonly ConflictCause[];
}

/** The words in which the API server refuses an apply. */
export function describeConflicts(conflicts: readonly Conflict[]): ConflictAnswer {
  const sorted = conflicts.toSorted((a, b) =>
    managerId(a.manager) < managerId(b.manager) ? -1 : 1,
  );
  const causes = sorted.flatMap(({ manager, fields }) =>
    pathsOf(fields).map((path): ConflictCause => {
      const message = `conflict with ${describeManager(manager)}`;
      return { reason: "FieldManagerConflict", message, field: describePath(path) };
    }),
  );
  const [first] = causes;
  if (causes.length === 1 && first !== undefined) {
    return {
      message: `Apply failed with 1 conflict: ${first.message}: ${first.field}`,
      causes,
    };
  }
  const lines = sorted.flatMap(({ manager, fields }) => [
    `conflicts with ${describeManager(manager)}:`,
    ...pathsOf(fields).map((path) => `- ${describePath(path)}`),
  ]);
  return { message: `Apply failed with ${causes.length} conflicts: ${lines.join("\n")}`, causes };
}

function describeManager({ name, operation, apiVersion, subresource }: Manager): string {
  const ofSubresource =
    subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  const version = operation === "Update" ? ` using ${apiVersion}` : "";
  return `${JSON.stringify(name)}${ofSubresource}${version}`;
}
