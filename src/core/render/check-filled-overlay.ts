import type { Diagnostic } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import type { Json } from "../model/json.ts";
import type { Overlay } from "../model/kinds.ts";
import { typeName } from "./manifest-objects.ts";
import { mistake } from "./mistake.ts";
import type { FieldPath } from "./read-yaml.ts";

/** What expressions gave where a text or a number must be; what they give in patches and pods, the objects tell. */
export function filledOverlayMistakes(
  overlay: Overlay,
  at: (path: FieldPath) => Place,
): Diagnostic[] {
  const { images = [], replicas = [], labels = {}, annotations = {}, resources = [] } = overlay;
  const names = images.flatMap(({ newName, newTag }, index) =>
    entries({ newName, newTag }, ["images", index]),
  );
  const digests = images.flatMap(({ digest }, index) => entries({ digest }, ["images", index]));
  const texts = [
    ...entries(labels, ["labels"]),
    ...entries(annotations, ["annotations"]),
    ...(overlay.scheduling ?? []).flatMap(({ nodeSelector = {}, tolerations = [] }, index) => [
      ...entries(nodeSelector, ["scheduling", index, "nodeSelector"]),
      ...tolerations.flatMap(({ key, value }, number) =>
        entries({ key, value }, ["scheduling", index, "tolerations", number]),
      ),
    ]),
  ];
  const counts = replicas.map(({ count }, index) => ({
    path: ["replicas", index, "count"],
    value: count as Json, // an expression may have given anything
  }));
  const amounts = resources.flatMap(({ requests = {}, limits = {} }, index) => [
    ...entries(requests, ["resources", index, "requests"]),
    ...entries(limits, ["resources", index, "limits"]),
  ]);
  const namespaces = entries({ namespace: overlay.namespace }, []);
  return [
    ...namespaces.flatMap(told(at, "the name of a namespace", isNamespace)),
    ...names.flatMap(told(at, "a text", (value) => typeof value === "string" && value !== "")),
    ...digests.flatMap(told(at, "a digest such as `sha256:…`", isDigest)),
    ...texts.flatMap(told(at, "a text", (value) => typeof value === "string")),
    ...counts.flatMap(told(at, "a whole number of 0 or more", isCount)),
    ...amounts.flatMap(told(at, "a quantity", (value) => value === null || isScalar(value))),
  ];
}

interface Expected {
  readonly path: FieldPath;
  readonly value: Json;
}

function entries(map: Readonly<Record<string, Json | undefined>>, path: FieldPath): Expected[] {
  return Object.entries(map).flatMap(([key, value]) =>
    value === undefined ? [] : [{ path: [...path, key], value }],
  );
}

function isNamespace(value: Json): boolean {
  return typeof value === "string" && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value);
}

function isDigest(value: Json): boolean {
  return typeof value === "string" && /^[a-z0-9]+:[0-9a-f]+$/.test(value);
}

function isCount(value: Json): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function isScalar(value: Json): boolean {
  return typeof value === "string" || typeof value === "number";
}

function told(at: (path: FieldPath) => Place, expected: string, isRight: (value: Json) => boolean) {
  return ({ path, value }: Expected): Diagnostic[] => {
    if (isRight(value)) return [];
    // Without the value, which may be another one at each site: what is told is told once.
    const text = value === "" ? "an empty text" : "another text";
    const found = typeof value === "string" ? text : typeName(value);
    const message = `the expression must give ${expected} here, not ${found}`;
    const hint = expected === "a text" ? "write string(…) around it" : undefined;
    const code = "expression-failed" as const;
    return [mistake(at(path), { code, message, ...(hint !== undefined && { hint }) })];
  };
}
