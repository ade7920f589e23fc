import type { Diagnostic } from "../model/diagnostic.ts";
import { describeKey, type ObjectId, parseObjectId } from "../model/kube-object.ts";
import { mistake, placeText } from "./mistake.ts";
import type { PlacedRendering } from "./placed-rendering.ts";
import type { TreeId } from "./rendered.ts";

/** Objects that two apps of one site would both write: told once per pair of apps, with a site where it happens. */
export function sharedObjects(renderings: readonly PlacedRendering[]): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  // Nearly always there are none, which is seen without looking at any site.
  for (const { site, apps } of distinctSites(withSameObjects(renderings))) {
    const owners = new Map<string, PlacedRendering>();
    const objects = apps.flatMap(([rendering, tree]) =>
      (rendering.variants.get(tree)?.objects ?? []).map(({ id }) => ({ id, rendering })),
    );
    for (const { id, rendering } of objects) {
      const owner = owners.get(id) ?? rendering;
      owners.set(id, owner);
      const pair = `${id} ${owner.app.app} ${rendering.app.app}`;
      if (owner === rendering || found.has(pair)) continue;
      found.set(pair, shared({ id, site, owner, rendering }));
    }
  }
  return [...found.values()];
}

/** Apps with an object that another one has too, be it elsewhere. */
function withSameObjects(renderings: readonly PlacedRendering[]): readonly PlacedRendering[] {
  const owners = new Map<ObjectId, PlacedRendering>();
  const found = new Set<PlacedRendering>();
  for (const rendering of renderings) {
    for (const id of rendering.ids()) {
      const owner = owners.get(id);
      if (owner === undefined) owners.set(id, rendering);
      else found.add(owner).add(rendering);
    }
  }
  return renderings.filter((rendering) => found.has(rendering));
}

/** One site for each combination of trees that occurs: sites with the same trees have the same mistakes. */
function distinctSites(
  renderings: readonly PlacedRendering[],
): Iterable<{ site: string; apps: [PlacedRendering, TreeId][] }> {
  const bySite = new Map<string, [PlacedRendering, TreeId][]>();
  for (const rendering of renderings) {
    for (const [site, tree] of rendering.app.sites) {
      const apps = bySite.get(site);
      if (apps === undefined) bySite.set(site, [[rendering, tree]]);
      else apps.push([rendering, tree]);
    }
  }
  const distinct = new Map<string, { site: string; apps: [PlacedRendering, TreeId][] }>();
  for (const [site, apps] of [...bySite].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const combination = apps.map(([, tree]) => tree).join();
    if (!distinct.has(combination)) distinct.set(combination, { site, apps });
  }
  return distinct.values();
}

interface Shared {
  readonly id: string;
  readonly site: string;
  readonly owner: PlacedRendering;
  readonly rendering: PlacedRendering;
}

function shared({ id, site, owner, rendering }: Shared): Diagnostic {
  const place = rendering.places().get(id) ?? { file: "", line: 0, column: 0 };
  const first = owner.places().get(id);
  const key = parseObjectId(id);
  const object = key === undefined ? id : describeKey(key);
  const where = first === undefined ? "" : ` (${placeText(first)})`;
  return mistake(place, {
    code: "shared-object",
    message: `apps ${owner.app.app}${where} and ${rendering.app.app} both render ${object} at site ${site}`,
    hint: "an object has one owner: leave it to one of the apps, or place them at different sites",
  });
}
