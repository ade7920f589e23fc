/** The objects of what stands in the mirrors: what a release may take away is judged by them, however old they are. */
import { parse } from "yaml";
import { FleetError } from "../core/errors.ts";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/model/json.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import { readEmitted } from "../core/render/read-emitted.ts";
import type { TreeId, Variant } from "../core/render/rendered.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import type { SiteTrees } from "./entitlement.ts";
import type { ReadMirror, ReadState } from "./planner-input.ts";
import type { Rendering } from "./rendering.ts";

/** Every tree that stands at a site, once: from a rendering that is kept, else from its mirror. STATE_CORRUPT. */
export async function standingVariants(
  mirrors: readonly ReadMirror[],
  rendering: Rendering,
): Promise<ReadonlyMap<TreeId, Variant>> {
  const variants = new Map<TreeId, Variant>();
  for (const { mirror, snapshot } of mirrors) {
    for (const tree of standingTrees(snapshot)) {
      if (variants.has(tree)) continue;
      variants.set(tree, rendering.variant(tree) ?? (await variantIn(mirror, tree)));
    }
  }
  return variants;
}

/** What control lets stand at sites, as far as it is rendered: what is current, and what candidates bring. */
export function grantedVariants(
  { control, rendering }: Pick<ReadState, "control" | "rendering">,
  current: Readonly<Record<string, SiteTrees>>,
): ReadonlyMap<TreeId, Variant> {
  const candidates = Object.values(control.state.apps).flatMap(({ open }) => open);
  const trees = [
    ...Object.values(current).flatMap((bySite) => Object.values(bySite)),
    ...candidates.flatMap(({ list }) => Object.values(list).flatMap(({ to }) => to ?? [])),
  ];
  return new Map(
    [...new Set(trees)].flatMap((tree) => {
      const variant = rendering.variant(tree);
      return variant === undefined ? [] : [[tree, variant] as const];
    }),
  );
}

/** Where it cannot be read, the next pass knows that of the mirror. */
async function variantIn(mirror: MirrorRepository, tree: TreeId): Promise<Variant> {
  const variant = await mirror.tryToRead(() => readVariant(mirror.store, tree));
  if (variant === null) throw mirror.unreadable ?? unreadable(tree);
  return variant;
}

/** Every tree at every site; those that several have, several times. */
export function* standingTrees({ sites }: ReadMirror["snapshot"]): Iterable<TreeId> {
  for (const { apps } of sites.values()) {
    for (const entry of apps.values()) if ("tree" in entry) yield entry.tree;
  }
}

/** A tree of a mirror with its objects. STATE_CORRUPT. */
export async function readVariant(store: ObjectStore, tree: TreeId): Promise<Variant> {
  const entries = await store.children(tree);
  const texts = await store.read(entries.map(({ oid }) => oid));
  const objects = entries.map(({ path, oid }) => {
    const yaml = texts.get(oid) ?? "";
    return { id: path.replace(/\.yaml$/, ""), object: readObject(path, yaml), yaml };
  });
  return { tree, objects };
}

function readObject(path: string, yaml: string): KubeObject {
  let value: Json = null;
  try {
    value = readEmitted(yaml) ?? (parse(yaml) as Json); // YAML without tags gives Json
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (!isJsonObject(value) || !isObject(value)) throw unreadable(path);
  return value;
}

function isObject(value: JsonObject): value is KubeObject {
  const { apiVersion, kind, metadata } = value;
  return typeof apiVersion === "string" && typeof kind === "string" && isJsonObject(metadata);
}

function unreadable(path: string, cause?: unknown): FleetError {
  return new FleetError("STATE_CORRUPT", `${path}, which stands in a mirror, cannot be read`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "somebody else wrote to the mirror, or the disk is damaged: restore it from a copy",
  });
}
