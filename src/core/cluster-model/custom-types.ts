/** The kinds that the CRDs of a cluster define, once they are established. */
import type { JsonObject } from "../model/json.ts";
import { type ResourceType, resourceKey, storedVerbs } from "./resource-types.ts";
import { objectOf, objectsOf, textOf, textsOf } from "./stored-object.ts";

/** Kinds by where they are addressed; changed only when a CRD changes. */
export class CustomTypes {
  readonly #byPath = new Map<string, ResourceType>();
  readonly #byDefinition = new Map<string, readonly ResourceType[]>();

  /** The same kinds; what is set in one is not set in the other. */
  copy(): CustomTypes {
    const copy = new CustomTypes();
    for (const [definition, types] of this.#byDefinition) copy.set(definition, types);
    return copy;
  }

  at(path: string): ResourceType | undefined {
    return this.#byPath.get(path);
  }

  all(): ResourceType[] {
    return [...this.#byPath.values()];
  }

  /** The versions that a CRD serves. */
  of(definition: string): readonly ResourceType[] {
    return this.#byDefinition.get(definition) ?? [];
  }

  /** Replaces what a CRD defines. */
  set(definition: string, types: readonly ResourceType[]): void {
    for (const type of this.of(definition)) this.#byPath.delete(pathOf(type));
    if (types.length === 0) this.#byDefinition.delete(definition);
    else this.#byDefinition.set(definition, types);
    for (const type of types) this.#byPath.set(pathOf(type), type);
  }
}

function pathOf({ group, version, plural }: ResourceType): string {
  return `${group}/${version}/${plural}`;
}

/** The kinds of a CRD's served versions. */
export function typesOfDefinition(definition: JsonObject): readonly ResourceType[] {
  const spec = objectOf(definition["spec"]);
  const versions = objectsOf(spec["versions"]);
  const stored = versions.find((version) => version["storage"] === true);
  return versions
    .filter((version) => version["served"] === true)
    .map((version) => customType(definition, version, textOf(stored?.["name"])));
}

function customType(
  definition: JsonObject,
  version: JsonObject,
  storageVersion: string,
): ResourceType {
  const spec = objectOf(definition["spec"]);
  const names = objectOf(spec["names"]);
  const group = textOf(spec["group"]);
  const plural = textOf(names["plural"]);
  const kind = textOf(names["kind"]);
  return {
    group,
    version: textOf(version["name"]),
    kind,
    plural,
    singular: textOf(names["singular"]) || kind.toLowerCase(),
    shortNames: textsOf(names["shortNames"]),
    categories: textsOf(names["categories"]),
    namespaced: spec["scope"] === "Namespaced",
    verbs: storedVerbs,
    subresources: Object.keys(objectOf(version["subresources"])),
    hasGeneration: true,
    resource: resourceKey(group, plural),
    custom: {
      schema: objectOf(objectOf(version["schema"])["openAPIV3Schema"]),
      storageVersion,
      version,
      definition: `${plural}.${group}`,
    },
  };
}
