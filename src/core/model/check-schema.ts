/**
 * A document against the schema of its kind: one diagnostic per mistake, on the key or value that is wrong, in
 * Flotilla's words (ajv's errors are only the source).
 */
import { Ajv, type ValidateFunction } from "ajv";
import type { Diagnostic } from "./diagnostic.ts";
import { firstOf } from "./first-diagnostics.ts";
import type { Json } from "./json.ts";
import { KeptResults } from "./kept-results.ts";
import { type KindName, kinds } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import { isOfIgnoredMember } from "./patch-members.ts";
import { describeSchemaError, type SchemaError, withoutMisspelt } from "./schema-messages.ts";

/** What a document has against the schema of its kind. */
export type SchemaCheck = (kind: KindName, document: YamlDocument) => readonly Diagnostic[];

/**
 * The check of all kinds. Compiling the schemas takes longer than a small fleet, so what is compiled is kept: always the
 * same from the same schemas, and so nothing that one caller could see of another.
 */
export const checkSchema: SchemaCheck = (kind, document) =>
  keptMistakes.get(document, [kind], () =>
    firstOf(withoutMisspelt(schemaErrors(kind, document.value)), (error) =>
      describeSchemaError(error, kind, document),
    ),
  );

const keptMistakes = new KeptResults<YamlDocument, readonly Diagnostic[]>(1);

const keptErrors = keep(createSchemaErrors);

function keep<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** What a value has against the schema of a kind. */
export function schemaErrors(kind: KindName, value: Json): readonly SchemaError[] {
  return keptErrors()(kind, value);
}

/** Compiles the schema of a kind when the first value of it comes. */
function createSchemaErrors(): typeof schemaErrors {
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true });
  const compiled = new Map<KindName, ValidateFunction>();
  return (kind, value) => {
    let validate = compiled.get(kind);
    if (validate === undefined) {
      validate = ajv.compile(kinds[kind]);
      compiled.set(kind, validate);
    }
    if (validate(value)) return [];
    const errors = (validate.errors ?? []) as SchemaError[]; // verbose: with data and parentSchema
    return mainErrors(errors.filter((error) => !isOfIgnoredMember(error)));
  };
}

/**
 * One error per mistake: of a union, the errors of the branch whose type the value has; where no branch or several
 * have it, only the error of the union itself.
 */
function mainErrors(errors: readonly SchemaError[]): SchemaError[] {
  const dropped = new Set<SchemaError>();
  for (const [index, union] of errors.entries()) {
    if (union.keyword !== "anyOf") continue;
    const inside = errorsInside(errors, index).filter((error) => !dropped.has(error));
    const branches = Map.groupBy(inside, (error) => branchOf(error, union));
    const fitting = [...branches.values()].filter(
      (branch) => !branch.some((error) => isWrongType(error, union)),
    );
    const [only] = fitting;
    const kept = new Set(fitting.length === 1 && only !== undefined ? only : [union]);
    for (const error of [union, ...inside]) {
      if (!kept.has(error)) dropped.add(error);
    }
  }
  return errors.filter((error) => !dropped.has(error));
}

/** The errors of all branches of a union: ajv tells them right before the one of the union itself. */
function errorsInside(errors: readonly SchemaError[], index: number): SchemaError[] {
  const union = errors[index];
  let first = index;
  for (let at = index - 1; at >= 0; at -= 1) {
    const error = errors[at];
    if (union === undefined || error === undefined || !isInUnion(error, union)) break;
    first = at;
  }
  return errors.slice(first, index);
}

function isInUnion(error: SchemaError, union: SchemaError): boolean {
  return (
    error.schemaPath.startsWith(`${union.schemaPath}/`) &&
    (error.instancePath === union.instancePath ||
      error.instancePath.startsWith(`${union.instancePath}/`))
  );
}

/** The number of the branch: the first part of the schema path behind the union's. */
function branchOf(error: SchemaError, union: SchemaError): string {
  return error.schemaPath.slice(union.schemaPath.length + 1).split("/")[0] ?? "";
}

function isWrongType(error: SchemaError, union: SchemaError): boolean {
  return error.keyword === "type" && error.instancePath === union.instancePath;
}
