/** Sites that the fleet has no longer, by what passes of the controller write of them. */
import type { Pass } from "../../src/controller/reconcile.ts";
import type { ControlState } from "../../src/core/rollout/planner-types.ts";
import { applyChanges } from "../support/control-state.ts";
import { regions, type StorySite } from "./fleet-story.ts";

type Sites = ControlState["sites"];

/** Sites that would leave the fleet but are suspended: nothing leaves them until somebody declares them again. */
export function suspendedLeavers(sites: Sites): Readonly<Record<string, StorySite>> {
  const found = Object.entries(sites).flatMap(([name, { leaving }]): [string, StorySite][] => {
    if (leaving?.facts.suspend !== true) return [];
    const region = regions.find((one) => one === leaving.facts.region) ?? "west";
    const tier = leaving.facts.labels["tier"] === "depot" ? "depot" : "shop";
    return [[name, { region, tier, suspend: true }]];
  });
  return Object.fromEntries(found);
}

export class GoneSites {
  /** Forgotten when their apps had left them. */
  readonly #emptied = new Set<string>();
  /** Forgotten, some time, with what they had: nobody has said that it shall go. */
  readonly #leftAsTheyWere = new Set<string>();

  note({ input, plan }: Pass): void {
    if (input === null || plan === null) return;
    const after = applyChanges(input.control, plan.changes).sites;
    for (const site of forgottenBy(input.control.sites, after)) {
      const isLeaving = input.control.sites[site]?.leaving !== undefined;
      const gone = isLeaving ? this.#emptied : this.#leftAsTheyWere;
      gone.add(site);
    }
    for (const site of input.sites.keys()) {
      if (after[site]?.moving?.forgotten === undefined) this.#emptied.delete(site);
    }
  }

  /** Nothing of the fleet is at these any more. */
  emptied(): ReadonlySet<string> {
    return this.#emptied.difference(this.#leftAsTheyWere);
  }
}

function forgottenBy(before: Sites, after: Sites): string[] {
  const isForgotten = (sites: Sites, site: string): boolean =>
    sites[site] === undefined || sites[site].moving?.forgotten !== undefined;
  return Object.keys(before).filter(
    (site) => !isForgotten(before, site) && isForgotten(after, site),
  );
}
