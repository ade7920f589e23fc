/** The schemas of Kubernetes' own kinds, and what discovery says of them. */
import type { ApiTables } from "./api-tables.ts";
import generated from "./generated/api-tables.json" with { type: "json" };
import { type BuiltInSchemas, createBuiltInSchemas } from "./schema.ts";

/** The tables; types, kinds and resources of the Kubernetes version that they name. */
export const apiTables: ApiTables = generated;

/** Schemas of all kinds in the tables. Make them once: each is worked out when it is first asked for, and kept. */
export function builtInSchemas(): BuiltInSchemas {
  return createBuiltInSchemas(apiTables);
}
