import { Ajv, type ValidateFunction } from "ajv";
import type { Static, TSchema } from "typebox";

/** Gives data as the type that it was checked for, or what is wrong with it. */
export type DataCheck<T> = (data: unknown) => { readonly value: T } | { readonly mistake: string };

/**
 * The check of a schema, which is compiled at the first use. With `dropsUnknown`, fields that the schema does not know
 * are taken out of the data; not for schemas that have alternatives of objects.
 */
export function dataCheck<S extends TSchema>(
  schema: S,
  { dropsUnknown = false }: { readonly dropsUnknown?: boolean } = {},
): DataCheck<Static<S>> {
  let validate: ValidateFunction | undefined;
  return (data) => {
    validate ??= new Ajv({
      strict: true,
      allowUnionTypes: true,
      ...(dropsUnknown && { removeAdditional: "all" }),
    }).compile(schema);
    if (validate(data)) return { value: data as Static<S> }; // what the schema has just checked
    const [first] = validate.errors ?? [];
    return { mistake: `${first?.instancePath || "/"} ${first?.message ?? "is wrong"}` };
  };
}
