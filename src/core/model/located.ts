import type { Entry } from "./fleet-draft.ts";
import type { Located } from "./fleet-model.ts";
import type { FleetDocument } from "./kinds.ts";
import { keptFor } from "./known-fleet.ts";

/** A checked document with its places: the same object for the same document. */
export function located<T extends FleetDocument>(entry: Entry<T>): Located<T> {
  return locatedOne(entry) as Located<T>; // its value is that of the entry
}

/** All of them by name: the same map for the same map. */
export function allLocated<T extends FleetDocument>(
  entries: ReadonlyMap<string, Entry<T>>,
): ReadonlyMap<string, Located<T>> {
  return locatedAll(entries) as ReadonlyMap<string, Located<T>>; // as above
}

const locatedOne = keptFor(({ value, document }: Entry<FleetDocument>): Located<FleetDocument> => ({
  value,
  file: document.file,
  at: (path) => document.at(path),
  keyAt: (path) => document.keyAt(path),
  textAt: (path, index) => document.textAt(path, index),
}));

const locatedAll = keptFor(
  (entries: ReadonlyMap<string, Entry<FleetDocument>>) =>
    new Map([...entries].map(([name, entry]) => [name, locatedOne(entry)])),
);
