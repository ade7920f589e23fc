/** What no write to a cluster may do, whatever mirrors say. */
import type { StoredObject } from "../../src/core/cluster-model/stored-object.ts";
import { parseObjectId } from "../../src/core/model/kube-object.ts";
import { type ClusterWrite, uidOf } from "./cluster-connection.ts";
import { at, ownerOf } from "./live-object.ts";
import type { Ground } from "./processes.ts";

type Write = Omit<ClusterWrite, "status">;

const plurals: Readonly<Record<string, string>> = {
  ConfigMap: "configmaps",
  Deployment: "apps/deployments",
};

/** Looks at each write as it arrives, and at what came of it. */
export class WriteAuditor {
  readonly #ground: Ground;
  readonly #fail: (what: string) => void;
  /** Site -> the mirror whose worker has it. */
  readonly #servers = new Map<string, string>();
  /** `<site> <path>` of objects that were last applied with the word that they are kept. */
  readonly #kept = new Set<string>();
  /** `<site> <path>` -> when it was deleted. */
  readonly #deletedAt = new Map<string, number>();

  constructor(ground: Ground, fail: (what: string) => void) {
    this.#ground = ground;
    this.#fail = fail;
  }

  /** The worker of a mirror has these sites from now on. */
  serve(mirror: string, sites: Iterable<string>): void {
    for (const site of sites) this.#servers.set(site, mirror);
  }

  /** A write arrives; gives what is to be called when it has succeeded. */
  write(write: Write, live: StoredObject | undefined): () => void {
    const { site, path, method } = write;
    const place = `${site} ${path}`;
    if (!write.isLate) this.#recogniseNew(site);
    const broken = this.#broken(write, live);
    return () => {
      for (const what of broken)
        this.#fail(`${method} ${path} at ${site} by ${write.mirror}: ${what}`);
      if (method === "DELETE") {
        this.#deletedAt.set(place, this.#ground.time.now);
        this.#kept.delete(place);
      } else if (isMarkedKept(write.body)) this.#kept.add(place);
      else this.#kept.delete(place);
    };
  }

  /** The first write to a site that was forgotten and is declared anew goes to whichever cluster its worker has heard. */
  #recogniseNew(site: string): void {
    const { repository, sites } = this.#ground;
    const there = sites.get(site);
    if (there !== undefined && repository.head.sites[site] !== undefined)
      there.recognise(uidOf(there.cluster));
  }

  #broken(write: Write, live: StoredObject | undefined): string[] {
    const { site, mirror, method, path, sentAt, isLate } = write;
    const place = `${site} ${path}`;
    const isDelete = method === "DELETE";
    const broken: Readonly<Record<string, boolean>> = {
      "it is not the site's cluster": this.#ground.sites.get(site)?.isExchanged === true,
      "another mirror's worker has the site":
        !isLate && (this.#servers.get(site) ?? mirror) !== mirror,
      "it is to be kept":
        isDelete && live !== undefined && (isMarkedKept(live) || this.#kept.has(place)),
      "it brings back what was deleted":
        !isDelete && live === undefined && (this.#deletedAt.get(place) ?? -1) > sentAt,
    };
    return Object.keys(broken).filter((what) => broken[what]);
  }

  /** All of these objects of an app stand at the site, and its workload is well; or people have meddled there. */
  stands(site: string, app: string, ids: readonly string[]): boolean {
    const { cluster, isMeddled = false } = this.#ground.sites.get(site) ?? {};
    if (cluster === undefined || isMeddled) return true;
    return ids.every((id) => {
      const { kind = "", namespace = "", name = "" } = parseObjectId(id) ?? {};
      const live = cluster.store.get(plurals[kind] ?? "", `${namespace}/${name}`);
      if (live === undefined || ownerOf(live) !== app) return false;
      if (kind !== "Deployment") return true;
      const isSeen =
        at(live, "status", "observedGeneration") === at(live, "metadata", "generation");
      const ready = ["availableReplicas", "updatedReplicas"].map((field) =>
        at(live, "status", field),
      );
      return isSeen && ready.every((count) => Number(count ?? 0) > 0);
    });
  }
}

function isMarkedKept(object: unknown): boolean {
  return at(object, "metadata", "annotations", "flotilla.dev/prune") !== undefined;
}
