/** A field that is looked for in the files of a kustomization. */
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { FieldStep } from "./field-steps.ts";

/** A field of an object. */
export interface Asked {
  readonly object: KubeObject;
  readonly steps: readonly FieldStep[];
  /** undefined: it was taken away. */
  readonly value: Json | undefined;
}

/** Gives the text of a file that a kustomization names. */
export type Read = (path: string) => string | undefined;

/** The keys on the way to a field, without lists: `spec/template/spec/containers/image`. */
export function pathOf(steps: readonly FieldStep[]): string {
  return steps.flatMap((step) => ("key" in step ? step.key : [])).join("/");
}

/** The map that a field stands in, as `pathOf` writes it. */
export function mapOf({ steps }: Asked): string {
  return pathOf(steps.slice(0, -1));
}

/** The items of a list; none of anything else. */
export function itemsOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []; // isArray loses the type
}

/** A text; of anything else an empty one. */
export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
