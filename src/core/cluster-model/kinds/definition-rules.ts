/** CustomResourceDefinitions. */
import type { JsonObject } from "../../model/json.ts";
import { type Cause, invalidValue, requiredValue } from "../status-failure.ts";
import { type StoredObject, objectOf, objectsOf, textOf } from "../stored-object.ts";
import { withDefaults } from "./config-rules.ts";
import type { KindRules } from "./kind-rules.ts";

export const definitionRules: Partial<KindRules> = {
  complete: (definition) => {
    const spec = objectOf(definition["spec"]);
    const names = objectOf(spec["names"]);
    const kind = textOf(names["kind"]);
    return {
      ...definition,
      spec: {
        ...withDefaults(spec, { conversion: { strategy: "None" } }),
        names: withDefaults(names, { listKind: `${kind}List`, singular: kind.toLowerCase() }),
      },
    };
  },
  atBirth: (_cluster, definition) => ({
    ...definition,
    status: {
      acceptedNames: { kind: "", plural: "" },
      conditions: [],
      storedVersions: storageVersions(definition),
    },
  }),
  check: checkDefinition,
};

function storageVersions(definition: JsonObject): readonly string[] {
  return objectsOf(objectOf(definition["spec"])["versions"])
    .filter((version) => version["storage"] === true)
    .map((version) => textOf(version["name"]));
}

function checkDefinition(definition: StoredObject): Cause[] {
  const spec = objectOf(definition["spec"]);
  const names = objectOf(spec["names"]);
  const expected = `${textOf(names["plural"])}.${textOf(spec["group"])}`;
  const { name } = definition.metadata;
  const misnamed =
    name === expected
      ? []
      : [invalidValue("metadata.name", name, 'must be spec.names.plural+"."+spec.group')];
  const stored = storageVersions(definition);
  const unclear =
    stored.length === 1
      ? []
      : [
          invalidValue(
            "spec.versions",
            stored,
            "must have exactly one version marked as storage version",
          ),
        ];
  const versions = objectsOf(spec["versions"]);
  const schemaless = versions.flatMap((version, i) =>
    objectOf(version["schema"])["openAPIV3Schema"] === undefined
      ? [requiredValue(`spec.versions[${i}].schema.openAPIV3Schema`, "schemas are required")]
      : [],
  );
  return [...misnamed, ...unclear, ...schemaless, ...checkScope(spec)];
}

function checkScope(spec: JsonObject): Cause[] {
  const { scope } = spec;
  if (scope === "Namespaced" || scope === "Cluster") return [];
  const message = `Unsupported value: ${JSON.stringify(scope ?? "")}: supported values: "Cluster", "Namespaced"`;
  return [{ reason: "FieldValueNotSupported", message, field: "spec.scope" }];
}
