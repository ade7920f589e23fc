/** Custom resources: what the schema of their CRD fills in, drops and refuses. */
import type { CustomType } from "../resource-types.ts";
import type { StoredObject } from "../stored-object.ts";
import { checkSchema, withSchemaDefaults } from "./custom-schema.ts";
import type { KindRules } from "./kind-rules.ts";

/** The rules of a custom kind. */
export function customRules({ schema }: CustomType): Partial<KindRules> {
  return {
    // What a schema fills in keeps apiVersion, kind and metadata.
    complete: (object) => withSchemaDefaults(object, schema) as StoredObject,
    check: (object) => checkSchema(object, schema, ""),
  };
}
