/** The last step of rendering an object: it gets its owner, its bytes and their hash. */
import { appLabel, ownerAnnotation, ownerOf } from "../apply/ownership.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { canonicalJson, isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, describeKey, objectId } from "../model/kube-object.ts";
import { checkCustomFields } from "./check-custom-fields.ts";
import { checkFieldTypes } from "./check-field-types.ts";
import { checkPlainKinds } from "./check-plain-kinds.ts";
import { checkPods } from "./check-pods.ts";
import { checkResources } from "./check-resources.ts";
import { checkWorkload } from "./check-workloads.ts";
import type { CustomKinds } from "./custom-kinds.ts";
import { emitYaml } from "./emit-yaml.ts";
import { treeEntry, type TreeFileEntry } from "./git-tree.ts";
import { mistake, warning } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import type { RenderedObject } from "./rendered.ts";

/** An object of a variant, and what is wrong with it. */
export interface FinishedObject {
  readonly rendered: RenderedObject;
  readonly entry: TreeFileEntry;
  readonly problems: readonly Diagnostic[];
}

/** Whose objects they are. */
export interface ObjectOwner {
  readonly fleet: string;
  readonly app: string;
}

/** Finishes an object of an app. */
export type Finish = (source: SourceObject) => FinishedObject;

/** Objects that no overlay touches are the same in all shapes: they are finished once. */
export function finisher(owner: ObjectOwner, customKinds: CustomKinds): Finish {
  const done = new WeakMap<KubeObject, FinishedObject>();
  return (source) => {
    const known = done.get(source.object) ?? finishObject(source, owner, customKinds);
    done.set(source.object, known);
    return known;
  };
}

/** Finishes one. */
export function finishObject(
  source: SourceObject,
  owner: ObjectOwner,
  customKinds: CustomKinds,
): FinishedObject {
  const owned = withOwner(source.object, owner);
  const id = objectId(source.key);
  const yaml = emitYaml(owned);
  return {
    rendered: new LightObject(id, owned),
    entry: treeEntry({ name: `${id}.yaml`, text: yaml }),
    problems: [
      ...checkSize(source, yaml),
      ...checkResources(source),
      ...checkFieldTypes(source),
      ...checkCustomFields(source, customKinds),
      ...checkWorkload(source),
      ...checkPods(source),
      ...checkPlainKinds(source),
    ],
  };
}

/** Where there is another object at each of ten thousand sites, their texts would be most of the memory. */
class LightObject implements RenderedObject {
  readonly id: ObjectId;
  readonly object: KubeObject;

  constructor(id: ObjectId, object: KubeObject) {
    this.id = id;
    this.object = object;
  }

  get yaml(): string {
    return emitYaml(this.object);
  }
}

const maxBytes = 1024 * 1024;
/** A character of YAML is at most six bytes of JSON, with quotes, colon and comma for what stands between. */
const mostGrowth = 10;

/** What etcd and the API server take, with some room for what the server adds. */
function checkSize({ object, key, at }: SourceObject, yaml: string): Diagnostic[] {
  if (yaml.length * mostGrowth <= maxBytes / 2) return [];
  const bytes = Buffer.byteLength(canonicalJson(object));
  if (bytes <= maxBytes / 2) return [];
  const size = `${describeKey(key)} has ${Math.ceil(bytes / 1024)} KiB`;
  if (bytes <= maxBytes) {
    return [warning(at([]), { code: "too-large", message: `${size}; over 1024 it is refused` })];
  }
  const hint = "split it into several objects";
  return [mistake(at([]), { code: "too-large", message: `${size}, more than 1024`, hint })];
}

/** Ownership names fleet and app, never site, release or time: that would make a variant per site. */
export function withOwner(object: KubeObject, owner: ObjectOwner): KubeObject {
  const { labels, annotations } = object.metadata;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...(isJsonObject(labels) && labels), [appLabel]: owner.app },
      annotations: {
        ...(isJsonObject(annotations) && annotations),
        [ownerAnnotation]: ownerOf(owner.fleet, owner.app),
      },
    },
  };
}
