/** What one pass leaves for the next: worked out again only when what it is made of was replaced. */
import type { TreeId } from "../core/render/rendered.ts";
import { own } from "../core/rollout/own.ts";
import type {
  ControlState,
  MirrorEntry,
  MirrorState,
  StandsIn,
} from "../core/rollout/planner-types.ts";
import { withLeavingSites } from "../core/rollout/leaving-sites.ts";
import { rememberLast } from "../runtime/remember-last.ts";
import { KeptTrees } from "./kept-trees.ts";
import type { MirrorSnapshot } from "./mirror-snapshot.ts";
import type { ValidHead } from "./rendering.ts";

/** Per site and app: the good tree that stands in its mirror. */
export type GoodTrees = Readonly<Record<string, Readonly<Record<string, TreeId>>>>;

export class PassMemory {
  readonly kept = new KeptTrees();

  /**
   * What stands in all mirrors; a site stands in one of them at a time. One of which only the meta file stands is there
   * too, without any app: it has not left.
   */
  readonly standing = rememberLast((...mirrors: readonly MirrorSnapshot[]): MirrorState => {
    const state: Record<string, Record<string, MirrorEntry>> = {};
    for (const { sites } of mirrors) {
      for (const [site, { apps }] of sites) {
        const other = own(state, site);
        state[site] = other === undefined ? fromMap(apps) : { ...other, ...fromMap(apps) };
      }
    }
    return state;
  });

  /** In which mirrors each site stands; `names` of the mirrors, one a line, in the order of what stands there. */
  readonly standsIn = rememberLast(
    (names: string, ...mirrors: readonly MirrorSnapshot[]): StandsIn => {
      const found: Record<string, readonly string[]> = {};
      for (const [index, name] of names.split("\n").entries()) {
        const alone = [name];
        for (const site of mirrors[index]?.sites.keys() ?? []) {
          const others = own(found, site);
          found[site] = others === undefined ? alone : [...others, name];
        }
      }
      return found;
    },
  );

  readonly good = rememberLast((...mirrors: readonly MirrorSnapshot[]): GoodTrees => {
    const state: Record<string, Record<string, TreeId>> = {};
    for (const { sites } of mirrors) {
      for (const [site, { good }] of sites) if (good.size > 0) state[site] = fromMap(good);
    }
    return state;
  });

  /** The head, with the sites that leave the fleet as well. */
  readonly withLeaving = rememberLast(
    (head: ValidHead, sites: ControlState["sites"]): ValidHead => {
      const facts = withLeavingSites(head.facts, sites);
      return facts === head.facts ? head : { ...head, facts };
    },
  );

  /** Mirror -> the sites that control has there. */
  readonly served = rememberLast(
    (sites: ControlState["sites"]): ReadonlyMap<string, ReadonlySet<string>> => {
      const served = new Map<string, Set<string>>();
      for (const [site, { mirror }] of Object.entries(sites)) {
        served.set(mirror, (served.get(mirror) ?? new Set()).add(site));
      }
      return served;
    },
  );

  /** The same, without sites that move and those that a head does not declare. */
  readonly settled = rememberLast(
    (
      sites: ControlState["sites"],
      { facts }: Pick<ValidHead, "facts">,
    ): ReadonlyMap<string, readonly string[]> => {
      const settled = new Map<string, string[]>();
      for (const [site, { mirror, moving }] of Object.entries(sites)) {
        if (moving !== undefined || !facts.has(site)) continue;
        const known = settled.get(mirror);
        if (known === undefined) settled.set(mirror, [site]);
        else known.push(site);
      }
      return settled;
    },
  );
}

function fromMap<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  const record: Record<string, T> = {};
  for (const [key, value] of map) record[key] = value;
  return record;
}
