import {
  type KubeObject,
  type ObjectId,
  describeKey,
  parseObjectId,
} from "../core/model/kube-object.ts";
import { placeOf } from "./let-go.ts";
import { finalizersOf } from "./refusals.ts";

/** No release has dropped it. */
export function unreleasedText(live: KubeObject): string {
  return `${placeOf(live)} is from before the app came to this site, and no release has dropped it: it stays (delete it by hand, or take the annotation flotilla.dev/owner off it)`;
}

/** It is being deleted, and is not away. */
export function stuckText(live: KubeObject): string {
  const { kind, metadata } = live;
  const more =
    kind === "CustomResourceDefinition"
      ? ` until the last object of its kind is gone (kubectl get ${metadata.name} -A)`
      : "";
  return `${placeOf(live)} is being deleted, held by ${finalizersOf(live)}${more}`;
}

const maxNamed = 3;

/** So many objects wait until these are away. */
export function waitText(going: readonly ObjectId[], later: number): string {
  const names = going.slice(0, maxNamed).map(describeId);
  const more = going.length > maxNamed ? ` and ${going.length - maxNamed} more` : "";
  const others = later === 1 ? "1 other object waits" : `${later} other objects wait`;
  return `${others} until ${names.join(", ")}${more} ${going.length === 1 ? "is" : "are"} gone: a controller among them may have to end that; where none runs any more, take finalizers off by hand`;
}

/** It stays, and a Service that was to go has to answer for it. */
export function askedText(live: KubeObject, service: ObjectId, isKept: boolean): string {
  const way = isKept
    ? " (delete it by hand, or take the annotation flotilla.dev/owner off it)"
    : "";
  return `${placeOf(live)} stays and asks ${describeId(service)}: that waits for it, with what goes last${way}`;
}

function describeId(id: ObjectId): string {
  const key = parseObjectId(id);
  return key === undefined ? id : describeKey(key);
}
