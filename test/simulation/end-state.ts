/** What clusters have at the end of a story, against what the last head says. */
import { namespaceOf, type StoredObject } from "../../src/core/cluster-model/stored-object.ts";
import { keyOf, objectId } from "../../src/core/model/kube-object.ts";
import type { SimSite } from "./cluster-connection.ts";
import { settingsAt } from "./fleet-files.ts";
import { appNamespace, appsAt, type StoryHead } from "./fleet-story.ts";
import { at, ownerOf } from "./live-object.ts";

/** The clusters, and what may lie there of which nobody knows any more. */
export interface Clusters {
  readonly sites: ReadonlyMap<string, SimSite>;
  /** Sites that were out of the fleet for a while. */
  readonly forgotten: ReadonlySet<string>;
  /** Those of which the apps had left before. */
  readonly emptied: ReadonlySet<string>;
  /**
   * Control was lost: that an app was there, and left the fleet since, is written nowhere. Nor is what a site took along
   * that was between two regions.
   */
  readonly wasControlLost: boolean;
  /** Sites that another head had in another region. */
  readonly moved: ReadonlySet<string>;
  /**
   * Apps that were to be let go of at sites (`<site> <app>`). Where the site moves before that is done, and the app comes
   * back to it, what it has no more stays: it was not to be deleted.
   */
  readonly letGo: ReadonlySet<string>;
  /** Mirrors were lost: what they have given since (`<site> <app> <object>`); nobody knows the rest. Null: they were not. */
  readonly given: ReadonlySet<string> | null;
}

/** What is wrong with the clusters of a head that has had its time: each has exactly what the head says, or words. */
export function differences(
  head: StoryHead,
  { sites, forgotten, emptied, wasControlLost, moved, letGo, given }: Clusters,
): string[] {
  const gone = [...emptied].filter((name) => head.sites[name] === undefined);
  return [...Object.keys(head.sites), ...gone].flatMap((name) => {
    const site = sites.get(name);
    if (site === undefined) return [`${name} has no cluster`];
    const apps = appsAt(head, name);
    const wanted = apps.flatMap((app) => wordsOf(head, { app, site: name }));
    // What a forgotten site had stays there: nobody has said that it shall go, also when the site comes back without it.
    const isUnknown = (app: string): boolean =>
      (forgotten.has(name) && !emptied.has(name)) ||
      (wasControlLost && (head.apps[app] === undefined || moved.has(name)));
    const found = ownedObjects(site).filter(({ app }) => apps.includes(app) || !isUnknown(app));
    const words = new Set(found.map((each) => each.words));
    const missing = wanted.filter((each) => !words.has(each));
    // No release has dropped what no tree had: it stays, for nobody has counted it.
    const isKnown = ({ app, id }: OwnedObject): boolean =>
      !(moved.has(name) && letGo.has(`${name} ${app}`)) &&
      (given === null || given.has(`${name} ${app} ${id}`));
    const surplus = found
      .filter((each) => !wanted.includes(each.words) && isKnown(each))
      .map((each) => each.words);
    return [
      ...missing.map((each) => `${name} lacks ${each}`),
      ...surplus.map((each) => `${name} still has ${each}`),
    ];
  });
}

/** The objects of an app at a site, as `ownedObjects` words them. */
function wordsOf(
  { apps, sites, sharer }: StoryHead,
  { app, site }: { readonly app: string; readonly site: string },
): string[] {
  const known = apps[app];
  if (known === undefined) return [];
  const { version, hasExtra, hasKeepsake, hasVault, fixed } = known;
  const namespace = appNamespace(app, known);
  return [
    `${app}: ConfigMap ${namespace}/settings ${settingsAt(sites[site], known)}`,
    `${app}: Deployment ${namespace}/${app} example.com/${app}:${version}`,
    ...(hasExtra ? [`${app}: ConfigMap ${namespace}/extra `] : []),
    ...(hasKeepsake === true ? [`${app}: ConfigMap ${namespace}/keepsake `] : []),
    ...(hasVault === true ? [`${app}: ConfigMap ${namespace}/vault `] : []),
    ...(fixed === undefined ? [] : [`${app}: ConfigMap ${namespace}/fixed ${version}`]),
    ...(sharer === app ? [`${app}: ConfigMap default/shared `] : []),
  ];
}

interface OwnedObject {
  readonly app: string;
  readonly id: string;
  readonly words: string;
}

function ownedObjects({ cluster }: SimSite): OwnedObject[] {
  const describe = (object: StoredObject, detail: unknown): OwnedObject[] => {
    const app = ownerOf(object);
    const { name } = object.metadata;
    const words = `${app}: ${object.kind} ${namespaceOf(object)}/${name} ${typeof detail === "string" ? detail : ""}`;
    return app === undefined ? [] : [{ app, id: objectId(keyOf(object)), words }];
  };
  const all = (plural: string): StoredObject[] => [...cluster.store.all(plural)];
  return [
    ...all("configmaps").flatMap((object) => describe(object, at(object, "data", "version"))),
    ...all("apps/deployments").flatMap((object) =>
      describe(object, at(object, "spec", "template", "spec", "containers", "0", "image")),
    ),
  ];
}
