/** The kinds that a cluster serves: the built-in ones from a shared table, and those that CRDs add. */
import type { JsonObject } from "../model/json.ts";

/** A kind in one version, and how it is addressed. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** `status`, `scale`. */
  readonly subresources: readonly string[];
  /** Whether `metadata.generation` counts changes of it. */
  readonly hasGeneration: boolean;
  /** Where its objects are kept: `apps/deployments`, `configmaps`. */
  readonly resource: string;
  /** Of a kind that a CRD defines: the version's entry in the CRD. */
  readonly custom?: CustomType;
}

/** What a CRD says about a version. */
export interface CustomType {
  readonly schema: JsonObject;
  readonly storageVersion: string;
  readonly version: JsonObject;
  /** Name of the CRD. */
  readonly definition: string;
}

/** `apps/v1`, `v1`. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === "" ? version : `${group}/${version}`;
}

/** Where the objects of a resource are kept. */
export function resourceKey(group: string, plural: string): string {
  return group === "" ? plural : `${group}/${plural}`;
}

const allVerbs = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** The verbs of every kind that can be stored. */
export const storedVerbs: readonly string[] = allVerbs;
