import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { JsonObject } from "../../../src/core/model/json.ts";
import {
  type MergeSchema,
  builtInSchema,
  openApiSchema,
  plainSchema,
} from "../../../src/core/render/merge-schema.ts";
import { strategicMerge } from "../../../src/core/render/strategic-merge.ts";

const schemaOf = (apiVersion: string, kind: string): MergeSchema =>
  builtInSchema(apiVersion, kind) ?? plainSchema;
const deployment = schemaOf("apps/v1", "Deployment");
const podSpec = (text: string): string => `spec: {template: {spec: ${text}}}`;

function merge(original: string, patch: string, schema: MergeSchema = deployment): unknown {
  const result = strategicMerge(parse(original) as JsonObject, parse(patch) as JsonObject, schema);
  return result.ok ? result.value : `${result.path}: ${result.message}`;
}

describe("strategicMerge", () => {
  it.each([
    [
      "maps are merged, null deletes, scalars are replaced",
      "metadata: {labels: {a: '1', b: '2'}}",
      "metadata: {labels: {a: null, b: '3', c: '4'}}",
      "metadata: {labels: {b: '3', c: '4'}}",
    ],
    [
      "containers are merged by name, new ones come first in the patch's order",
      podSpec("{containers: [{name: a, image: x}, {name: b, image: y}]}"),
      podSpec("{containers: [{name: c, image: z}, {name: b, image: y2}]}"),
      podSpec("{containers: [{name: c, image: z}, {name: a, image: x}, {name: b, image: y2}]}"),
    ],
    [
      "env by name, ports by containerPort, mounts by mountPath",
      podSpec(
        "{containers: [{name: a, env: [{name: A, value: '1'}], ports: [{containerPort: 80}], volumeMounts: [{mountPath: /a, name: v}]}]}",
      ),
      podSpec(
        "{containers: [{name: a, env: [{name: A, value: '2'}], ports: [{containerPort: 80, name: web}], volumeMounts: [{mountPath: /a, readOnly: true}]}]}",
      ),
      podSpec(
        "{containers: [{name: a, env: [{name: A, value: '2'}], ports: [{containerPort: 80, name: web}], volumeMounts: [{mountPath: /a, name: v, readOnly: true}]}]}",
      ),
    ],
    [
      "a list that is replaced may have two items of one key",
      podSpec("{containers: [{name: a, ports: [{containerPort: 80}]}]}"),
      podSpec(
        "{containers: [{name: a, ports: [{$patch: replace}, {containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}]}",
      ),
      podSpec(
        "{containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}]}",
      ),
    ],
    [
      "lists without a merge key are replaced",
      podSpec("{containers: [{name: a, args: [x, y]}], tolerations: [{key: a}]}"),
      podSpec("{containers: [{name: a, args: [z]}], tolerations: [{key: b}]}"),
      podSpec("{containers: [{name: a, args: [z]}], tolerations: [{key: b}]}"),
    ],
    [
      "lists of scalars with strategy merge are sets",
      "metadata: {finalizers: [a, b]}",
      "metadata: {finalizers: [c, b]}",
      "metadata: {finalizers: [c, a, b]}",
    ],
    [
      "$patch: delete takes an item out of a list",
      podSpec("{containers: [{name: a}, {name: b}]}"),
      podSpec("{containers: [{$patch: delete, name: a}]}"),
      podSpec("{containers: [{name: b}]}"),
    ],
    [
      "$patch: replace replaces a list that would be merged",
      podSpec("{containers: [{name: a}, {name: b}]}"),
      podSpec("{containers: [{$patch: replace}, {name: c}]}"),
      podSpec("{containers: [{name: c}]}"),
    ],
    [
      "$patch: replace replaces a map",
      "spec: {strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}",
      "spec: {strategy: {$patch: replace, type: Recreate}}",
      "spec: {strategy: {type: Recreate}}",
    ],
    [
      "$patch: replace of a map that is not there gives the map",
      "spec: {}",
      "spec: {strategy: {$patch: replace, type: Recreate}}",
      "spec: {strategy: {type: Recreate}}",
    ],
    [
      "$patch: delete empties a map",
      "metadata: {labels: {a: b}}",
      "metadata: {labels: {$patch: delete}}",
      "metadata: {labels: {}}",
    ],
    [
      "$patch: merge says what happens anyway",
      podSpec("{containers: [{name: a, image: x}], nodeSelector: {a: b}}"),
      podSpec(
        "{containers: [{$patch: merge, name: a, tty: true}], nodeSelector: {$patch: merge, c: d}}",
      ),
      podSpec("{containers: [{name: a, image: x, tty: true}], nodeSelector: {a: b, c: d}}"),
    ],
    [
      "$retainKeys drops what it does not name",
      "spec: {strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}",
      "spec: {strategy: {$retainKeys: [type], type: Recreate}}",
      "spec: {strategy: {type: Recreate}}",
    ],
    [
      "$retainKeys works inside an item of a list",
      podSpec("{volumes: [{name: v, emptyDir: {}}]}"),
      podSpec("{volumes: [{name: v, $retainKeys: [name, configMap], configMap: {name: c}}]}"),
      podSpec("{volumes: [{name: v, configMap: {name: c}}]}"),
    ],
    [
      "$deleteFromPrimitiveList takes scalars out",
      "metadata: {finalizers: [a, b, c]}",
      "metadata: {$deleteFromPrimitiveList/finalizers: [a, c, x]}",
      "metadata: {finalizers: [b]}",
    ],
    [
      "$setElementOrder orders a merged list",
      podSpec("{containers: [{name: a}, {name: b}, {name: live}]}"),
      podSpec(
        "{$setElementOrder/containers: [{name: c}, {name: b}, {name: a}], containers: [{name: c}]}",
      ),
      podSpec("{containers: [{name: c}, {name: b}, {name: a}, {name: live}]}"),
    ],
    [
      "$setElementOrder orders a list that is not patched otherwise",
      "metadata: {finalizers: [a, b, c]}",
      "metadata: {$setElementOrder/finalizers: [c, a]}",
      "metadata: {finalizers: [b, c, a]}",
    ],
    [
      "items of one key come together, where the first one stood",
      podSpec("{containers: [{name: a}, {name: b}, {name: a, image: x}]}"),
      podSpec("{containers: [{name: c}]}"),
      podSpec("{containers: [{name: c}, {name: a}, {name: a, image: x}, {name: b}]}"),
    ],
    [
      "$setElementOrder of a list that is replaced orders the new one, an empty one too",
      podSpec("{containers: [{name: a, args: [x, y], command: [x]}]}"),
      podSpec(
        "{containers: [{name: a, $setElementOrder/args: [], args: [], $setElementOrder/command: [y, z], command: [y, z]}]}",
      ),
      podSpec("{containers: [{name: a, args: [], command: [y, z]}]}"),
    ],
    [
      "directives in new content are carried out, nulls in it are left out",
      "spec: {}",
      podSpec(
        "{hostname: null, containers: [{name: a, env: [{$patch: delete, name: x}]}, {$patch: delete, name: b}]}",
      ),
      podSpec("{containers: [{name: a, env: []}]}"),
    ],
    [
      "a value of another type is replaced",
      "spec: {template: [1]}",
      "spec: {template: {a: b}}",
      "spec: {template: {a: b}}",
    ],
  ])("%s", (_title, ...[original, patch, expected]) => {
    expect(merge(original, patch)).toEqual(parse(expected));
  });

  it("knows the fields whose strategy is not the plain one in every kind", () => {
    const pdb = schemaOf("policy/v1", "PodDisruptionBudget");
    const service = schemaOf("v1", "Service");
    const webhook = schemaOf("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration");
    const job = schemaOf("batch/v1", "CronJob");

    expect(
      merge(
        "spec: {selector: {matchLabels: {a: b}}}",
        "spec: {selector: {matchLabels: {c: d}}}",
        pdb,
      ),
    ).toEqual({ spec: { selector: { matchLabels: { c: "d" } } } });
    expect(merge("spec: {ports: [{port: 80}]}", "spec: {ports: [{port: 81}]}", service)).toEqual({
      spec: { ports: [{ port: 81 }, { port: 80 }] },
    });
    expect(
      merge(
        "webhooks: [{name: a, sideEffects: None}]",
        "webhooks: [{name: a, failurePolicy: Fail}]",
        webhook,
      ),
    ).toEqual({ webhooks: [{ name: "a", sideEffects: "None", failurePolicy: "Fail" }] });
    const jobSpec = (text: string): string => `spec: {jobTemplate: {${podSpec(text)}}}`;
    expect(
      merge(
        jobSpec("{containers: [{name: a}]}"),
        jobSpec("{containers: [{name: a, tty: true}]}"),
        job,
      ),
    ).toEqual(parse(jobSpec("{containers: [{name: a, tty: true}]}")));
  });

  it("merges the lists of a custom resource by the keys of its CRD, all of them, with their defaults", () => {
    const schema = openApiSchema(
      parse(`
        type: object
        properties:
          spec:
            type: object
            properties:
              ports:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [port, protocol]
                items:
                  type: object
                  properties: {port: {type: integer}, protocol: {type: string, default: TCP}}
              plain: {type: array, items: {type: object}}
              sets: {type: array, x-kubernetes-list-type: set, items: {type: string}}`) as JsonObject,
    );

    expect(
      merge(
        "spec: {ports: [{port: 53}, {port: 53, protocol: UDP}], plain: [{a: 1}], sets: [a]}",
        "spec: {ports: [{port: 53, protocol: TCP, name: dns}], plain: [{a: null}], sets: [b]}",
        schema,
      ),
    ).toEqual({
      spec: {
        ports: [
          { port: 53, protocol: "TCP", name: "dns" },
          { port: 53, protocol: "UDP" },
        ],
        plain: [{ a: null }],
        sets: ["b"],
      },
    });
  });

  it.each([
    [
      "an item without its merge key",
      podSpec("{containers: [{name: a}]}"),
      podSpec("{containers: [{image: x}]}"),
      'lacks the merge key "name"',
    ],
    [
      "a list of which an item lacks its merge key",
      podSpec("{containers: [{name: a}, {image: x}]}"),
      podSpec("{containers: [{name: a, image: y}]}"),
      'an item of the patched list lacks the merge key "name"',
    ],
    [
      "an order for a list that is taken away",
      podSpec("{containers: [{name: a}]}"),
      podSpec("{$setElementOrder/containers: [{name: a}], containers: null}"),
      "must be lists",
    ],
    [
      "what is wrong in an item of a new list, at the item",
      "spec: {}",
      podSpec("{volumes: [{name: a}, {name: b, $retainKeys: [name], emptyDir: {}}]}"),
      'volumes/1: "emptyDir" is patched',
    ],
    ["an unknown directive", "spec: {a: b}", "spec: {$patch: remove}", "unknown directive"],
    [
      "a key that $retainKeys does not name",
      "spec: {a: b}",
      "spec: {$retainKeys: [a], c: d}",
      '"c" is patched',
    ],
    [
      "an order that contradicts the list",
      podSpec("{containers: [{name: a}]}"),
      podSpec(
        "{$setElementOrder/containers: [{name: a}, {name: b}], containers: [{name: b}, {name: a}]}",
      ),
      "order differs",
    ],
    [
      "items of different types",
      "metadata: {finalizers: [a]}",
      "metadata: {finalizers: [{a: b}]}",
      "different types",
    ],
  ])("refuses %s and names the field", (_title, ...[original, patch, message]) => {
    expect(merge(original, patch)).toMatch(new RegExp(`^/(spec|metadata).*${message}`));
  });

  it("changes neither argument, and applying a patch twice changes nothing more", () => {
    const json = fc.dictionary(
      fc.constantFrom("a", "b", "metadata", "spec", "containers", "finalizers", "name"),
      fc.jsonValue({ maxDepth: 3 }),
      { noNullPrototype: true },
    );

    fc.assert(
      fc.property(json, json, (original, patch) => {
        const copies = JSON.stringify([original, patch]);
        const once = strategicMerge(original as JsonObject, patch as JsonObject, plainSchema);
        expect(JSON.stringify([original, patch])).toBe(copies);
        if (!once.ok) return;
        const twice = strategicMerge(once.value, patch as JsonObject, plainSchema);
        expect(twice).toEqual(once);
      }),
    );
  });
});
