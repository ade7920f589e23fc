import { cameFolder, goodFolder } from "../../core/protocol/mirror-layout.ts";
import type { TreeId } from "../../core/render/rendered.ts";
import type { ObjectStore } from "./object-store.ts";

/** What stood beside the trees of an app when it came: the good one, and what it had had elsewhere. */
export async function broughtAlong(
  store: ObjectStore,
  commit: string,
  { site, app }: { readonly site: string; readonly app: string },
): Promise<TreeId[]> {
  const good = await store.at(commit, `${goodFolder}/${site}/${app}`);
  const came = await store.children(commit, `${cameFolder}/${site}/${app}`);
  return [...(good === null ? [] : [good]), ...came]
    .filter(({ type }) => type === "tree")
    .map(({ oid }) => oid);
}
