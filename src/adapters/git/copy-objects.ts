import { FleetError } from "../../core/errors.ts";
import type { ObjectStore } from "./object-store.ts";

/**
 * Copies whole trees from one store to another, for a site that moves between mirrors: stores share nothing, so that
 * a credential opens one mirror and nothing else. Trees that are there already cost a look-up each. The trees keep
 * their ids; one that would not (a file that is no text, a special mode) is GIT_CORRUPT and is not to be used.
 */
export async function copyObjects(options: {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly trees: readonly string[];
}): Promise<void> {
  await Promise.all([...new Set(options.trees)].map((tree) => copyTree(options, tree)));
}

async function copyTree(
  { from, to }: { readonly from: ObjectStore; readonly to: ObjectStore },
  tree: string,
): Promise<void> {
  const entries = await from.list(tree);
  const texts = await from.read(entries.map(({ oid }) => oid));
  const files = entries.map(({ path, oid }) => ({ path, content: texts.get(oid) ?? "" }));
  const copied = await to.writeTree(files);
  if (copied === tree) return;
  throw new FleetError(
    "GIT_CORRUPT",
    `tree ${tree} cannot be copied: it holds more than text files`,
  );
}
