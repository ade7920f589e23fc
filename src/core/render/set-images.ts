import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { Overlay } from "../model/kinds.ts";

/** One entry of an overlay's `images`. */
export type ImageChange = NonNullable<Overlay["images"]>[number];

const containerLists = new Set(["containers", "initContainers", "ephemeralContainers"]);

/**
 * The object with the images of its containers changed, as a kustomization's `images` does it: wherever a list of
 * containers is, and those of volumes of a pod or its template. Tells `onMatch` of each image that the entry names. An
 * object without any is given back as it is.
 */
export function setImages(
  object: JsonObject,
  change: ImageChange,
  onMatch: () => void,
): JsonObject {
  return changeObject(object, (image) => {
    if (!image.startsWith(change.name)) return image;
    const parts = splitImage(image);
    if (parts.name !== change.name) return image;
    onMatch();
    return joinImage({ ...parts, name: change.newName ?? parts.name, ...newVersion(change) });
  });
}

/** The images of an object's containers, without tags. */
export function imageNames(object: JsonObject): ReadonlySet<string> {
  const names = new Set<string>();
  changeObject(object, (image) => {
    names.add(splitImage(image).name);
    return image;
  });
  return names;
}

type ChangeImage = (image: string) => string;

function changeMap(map: JsonObject, change: ChangeImage): JsonObject {
  const entries = Object.entries(map);
  const changed = entries.map(([key, value]): [string, Json] => [
    key,
    changeField(key, value, change),
  ]);
  const isSame = changed.every(([, value], index) => value === entries[index]?.[1]);
  return isSame ? map : Object.fromEntries(changed);
}

function changeField(key: string, value: Json, change: ChangeImage): Json {
  if (!containerLists.has(key) || !Array.isArray(value)) return changeValue(value, change);
  return sameUnlessChanged(value, (item) => changeText(item, "image", change));
}

/** Where a kustomization looks for volumes that are images. */
const volumePaths = [
  ["spec", "volumes"],
  ["spec", "template", "spec", "volumes"],
];

function changeObject(object: JsonObject, change: ChangeImage): JsonObject {
  return volumePaths.reduce(
    (map, path) => changeVolumes(map, path, change),
    changeMap(object, change),
  );
}

function changeVolumes(
  map: JsonObject,
  [key = "", ...rest]: readonly string[],
  change: ChangeImage,
): JsonObject {
  const value = map[key];
  let changed = value;
  if (rest.length > 0) changed = isJsonObject(value) ? changeVolumes(value, rest, change) : value;
  else if (Array.isArray(value))
    changed = sameUnlessChanged(value, (item) => changeVolume(item, change));
  return changed === undefined || changed === value ? map : { ...map, [key]: changed };
}

/** One that is an image. */
function changeVolume(volume: Json, change: ChangeImage): Json {
  const source = isJsonObject(volume) ? volume["image"] : undefined;
  if (!isJsonObject(volume) || source === undefined) return volume;
  const image = changeText(source, "reference", change);
  return image === source ? volume : { ...volume, image };
}

function changeValue(value: Json, change: ChangeImage): Json {
  if (Array.isArray(value)) return sameUnlessChanged(value, (item) => changeValue(item, change));
  return isJsonObject(value) ? changeMap(value, change) : value;
}

function changeText(map: Json, field: string, change: ChangeImage): Json {
  const text = isJsonObject(map) ? map[field] : undefined;
  if (!isJsonObject(map) || typeof text !== "string") return map;
  const changed = change(text);
  return changed === text ? map : { ...map, [field]: changed };
}

function sameUnlessChanged(list: readonly Json[], change: (item: Json) => Json): readonly Json[] {
  const changed = list.map(change);
  return changed.every((item, index) => item === list[index]) ? list : changed;
}

interface ImageParts {
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

/** `registry:5000/app:1.2@sha256:00` in parts; a colon before the last `/` belongs to the registry. */
function splitImage(image: string): ImageParts {
  const [rest = "", digest = ""] = image.split("@", 2);
  const colon = rest.indexOf(":", rest.lastIndexOf("/") + 1);
  return colon < 0
    ? { name: rest, tag: "", digest }
    : { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}

/** A new tag or digest replaces both; without either the image keeps what it has. */
function newVersion({ newTag, digest }: ImageChange): Partial<ImageParts> {
  if (newTag === undefined && digest === undefined) return {};
  return { tag: newTag ?? "", digest: digest ?? "" };
}

function joinImage({ name, tag, digest }: ImageParts): string {
  return `${name}${tag === "" ? "" : `:${tag}`}${digest === "" ? "" : `@${digest}`}`;
}
