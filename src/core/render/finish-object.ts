/** The last step of rendering an object: it gets its owner, its bytes and their hash. */
import { appLabel, ownerAnnotation, ownerOf } from "../apply/ownership.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { canonicalJson, isJsonObject, type Json } from "../model/json.ts";
import {
  type KubeObject,
  type ObjectId,
  type ObjectKey,
  describeKey,
  objectId,
} from "../model/kube-object.ts";
import { checkCustomFields } from "./check-custom-fields.ts";
import { checkFieldTypes } from "./check-field-types.ts";
import { checkPlainKinds } from "./check-plain-kinds.ts";
import { checkPods } from "./check-pods.ts";
import { checkResources } from "./check-resources.ts";
import { checkWorkload } from "./check-workloads.ts";
import type { CustomKinds } from "./custom-kinds.ts";
import { type EmittedMetadata, emitMetadata, emitYaml } from "./emit-yaml.ts";
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
  return finishWith(source, headOf(source, owner), customKinds);
}

/** So many different metadata are kept. */
const maxHeads = 100;

/** Finishes objects of which many have the same metadata, and other content: what follows from that is made once. */
export function contentFinisher(owner: ObjectOwner, customKinds: CustomKinds): Finish {
  const heads = new Map<Json, Head>();
  return (source) => {
    const { metadata } = source.object;
    const known = heads.get(metadata);
    if (known?.key === source.key) return finishWith(source, known, customKinds);
    const head = headOf(source, owner);
    if (heads.size >= maxHeads) heads.clear();
    heads.set(metadata, head);
    return finishWith(source, head, customKinds);
  };
}

/** What follows from what an object is called and from its metadata. */
interface Head {
  readonly key: ObjectKey;
  readonly id: ObjectId;
  readonly metadata: KubeObject["metadata"];
  readonly emitted: EmittedMetadata;
}

function headOf({ object, key }: SourceObject, owner: ObjectOwner): Head {
  const { metadata } = withOwner(object, owner);
  return { key, id: objectId(key), metadata, emitted: emitMetadata(metadata) };
}

function finishWith(
  source: SourceObject,
  { id, metadata, emitted }: Head,
  customKinds: CustomKinds,
): FinishedObject {
  const owned = { ...source.object, metadata };
  const yaml = emitYaml(owned, emitted);
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
