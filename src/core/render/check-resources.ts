/** Containers that ask for more than they may have: every API server refuses their pods, some only when they are made. */
import type { Diagnostic } from "../model/diagnostic.ts";
import { describeKey } from "../model/kube-object.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { isMore, quantityOf } from "../model/quantity.ts";
import { fieldWords } from "./finding.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { mistake } from "./mistake.ts";
import { placeOfFields } from "./place-of-field.ts";
import { podSpecPaths, type PodPath, valueAt } from "./pod-templates.ts";
import type { FieldPath } from "./read-yaml.ts";

/** Each request that is above its limit, in an object behind all overlays: where the later of both was written. */
export function checkResources(source: SourceObject): readonly Diagnostic[] {
  return podSpecPaths(source.object).flatMap((path) => checkPod(source, path));
}

function checkPod(source: SourceObject, path: PodPath): Diagnostic[] {
  const { object, key } = source;
  const found = valueAt(object, path);
  const pod = isJsonObject(found) ? found : none;
  return ["containers", "initContainers"].flatMap((list) => {
    const containers = pod[list];
    if (!Array.isArray(containers)) return [];
    return (containers as readonly Json[]).flatMap((container, index) =>
      // isArray loses the type
      excesses(container).map(({ name, request, limit }) => {
        const resources: FieldPath = [...path, list, index, "resources"];
        const both = ["requests", "limits"].map((part) => [...resources, part, name]);
        const place = placeOfFields(source, both);
        const where = fieldWords(place, resources);
        const message = `${describeKey(key)}: ${where}the request of ${name}, ${request}, is more than its limit, ${limit}`;
        const hint = "lower the request, or raise the limit";
        return mistake(place, { code: "invalid-object", message, hint });
      }),
    );
  });
}

const none: JsonObject = {};

function fieldOf(value: JsonObject, key: string): JsonObject {
  const inner = value[key];
  return isJsonObject(inner) ? inner : none;
}

function excesses(container: Json): { name: string; request: string; limit: string }[] {
  const resources = isJsonObject(container) ? fieldOf(container, "resources") : none;
  const [requests, limits] = ["requests", "limits"].map((key) => fieldOf(resources, key));
  return Object.entries(requests ?? none).flatMap(([name, request]) => {
    const limit = limits !== undefined && Object.hasOwn(limits, name) ? limits[name] : undefined;
    const [asked, allowed] = [quantityOf(request), quantityOf(limit)];
    if (asked === undefined || allowed === undefined || !isMore(asked, allowed)) return [];
    return [{ name, request: shown(request), limit: shown(limit) }];
  });
}

function shown(amount: Json | undefined): string {
  return typeof amount === "string" ? amount : JSON.stringify(amount);
}
