/** Namespaces. */
import type { KindRules } from "./kind-rules.ts";
import { objectOf } from "../stored-object.ts";
import { withMetadata } from "../stored-object.ts";
import { withDefaults } from "./config-rules.ts";

export const namespaceRules: Partial<KindRules> = {
  complete: (object) => {
    const { name, labels } = object.metadata;
    const named = objectOf(labels)["kubernetes.io/metadata.name"] === name;
    return named
      ? object
      : withMetadata(object, {
          labels: { ...objectOf(labels), "kubernetes.io/metadata.name": name },
        });
  },
  carry: (live, next) => ({ ...next, spec: live["spec"] ?? {} }),
  atBirth: (_cluster, object) => ({
    ...object,
    spec: withDefaults(objectOf(object["spec"]), { finalizers: ["kubernetes"] }),
    status: { phase: "Active" },
  }),
};
