/**
 * What is wrong with an app at its sites -> diagnostics. Kept by site, and told the same in whatever order sites were looked
 * at, so that where some sites have changed, those are looked at and no other.
 */
import { StepBudget } from "../expressions/step-budget.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { PerSite } from "./per-site.ts";

/** Something that is told of a site. */
interface Told {
  readonly diagnostic: Diagnostic;
  /** It comes of facts of the site, and is told with it. */
  readonly isOfSite: boolean;
  /** Equal for what is told together. */
  readonly key: string;
  /** Equal for what is the same. */
  readonly id: string;
}

type ToldBySite = ReadonlyMap<string, readonly Told[]>;

/** What is told of each site of which something is: equal lists are the same object. */
export type ToldPerSite = PerSite<readonly Told[]>;

interface Found {
  readonly told: Told;
  /** Lists of sites at which it is; empty: it would be anywhere. */
  readonly at: (readonly string[])[];
}

/** Collects mistakes and warnings of one app at its sites. */
export class SiteMistakes {
  /** What the expressions that make them may take. */
  readonly budget = new StepBudget();
  readonly #found = new Map<string, Found>();

  /** Of these sites; `isOfSite`: it comes of their facts, else only of what they get. */
  tell(diagnostic: Diagnostic, sites: readonly string[], isOfSite = true): void {
    const id = JSON.stringify([isOfSite, diagnostic]);
    const { file, line, column, code } = diagnostic;
    const key = isOfSite ? JSON.stringify([file, line, column, code]) : id;
    const found = this.#found.get(id) ?? { told: { diagnostic, isOfSite, key, id }, at: [] };
    if (sites.length > 0) found.at.push(sites);
    this.#found.set(id, found);
  }

  /** By site. */
  bySite(): ToldBySite {
    return bySite([...this.#found.values()]);
  }

  /** All of them. */
  diagnostics(): readonly Diagnostic[] {
    const all = [...this.#found.values()];
    const ofSites = all.filter(({ told, at }) => told.isOfSite && at.length > 0);
    const others = all.filter(({ told, at }) => !told.isOfSite || at.length === 0);
    return [...others.map(({ told }) => told.diagnostic), ...toldDiagnostics(bySite(ofSites))];
  }
}

function bySite(found: readonly Found[]): ToldBySite {
  const toldAt = new Map<string, Set<Told>>();
  for (const { told, at } of found.toSorted((a, b) => (a.told.id < b.told.id ? -1 : 1))) {
    for (const site of at.flat()) toldAt.set(site, (toldAt.get(site) ?? new Set()).add(told));
  }
  const lists = new SameLists();
  return new Map([...toldAt].map(([site, own]) => [site, lists.same([...own])]));
}

/** What was told before where nothing has changed, and now of the sites that have. */
export function toldAfterChanges(
  before: ToldPerSite,
  changed: readonly string[],
  now: ToldBySite,
): ToldPerSite {
  if (now.size === 0) return before.with(changed, now);
  const lists = new SameLists();
  for (const list of before.distinct) lists.same(list);
  const same = new Map([...now].map(([site, list]) => [site, lists.same(list)]));
  return before.with(changed, same);
}

class SameLists {
  readonly #lists = new Map<string, readonly Told[]>();
  readonly #known = new Set<readonly Told[]>();

  same(list: readonly Told[]): readonly Told[] {
    if (this.#known.has(list)) return list;
    const id = list.map((told) => told.id).join("\n");
    const one = this.#lists.get(id) ?? list;
    this.#lists.set(id, one);
    this.#known.add(one);
    return one;
  }
}

/** Mistakes that come of facts of sites are told once each, with the first site where it happens and how many more there are. */
export function toldDiagnostics(bySite: ToldBySite): readonly Diagnostic[] {
  const found = new Map<string, Sum>();
  for (const { list, first, count } of sitesByList(bySite)) {
    for (const [key, [told]] of Map.groupBy(list, ({ key }) => key)) {
      if (told === undefined) continue;
      const known = found.get(key);
      const isFirst = known === undefined || first < known.first;
      const sum = isFirst ? { told, first } : known;
      found.set(key, { ...sum, count: count + (known?.count ?? 0) });
    }
  }
  return [...found.values()].map(diagnosticOf);
}

interface Sum {
  readonly told: Told;
  readonly first: string;
  readonly count: number;
}

function diagnosticOf({ told: { diagnostic, isOfSite }, first, count }: Sum): Diagnostic {
  if (!isOfSite) return diagnostic;
  const more = count === 1 ? "" : ` and ${count - 1} more`;
  return { ...diagnostic, message: `${diagnostic.message} (at site ${first}${more})` };
}

function sitesByList(
  bySite: ToldBySite,
): Iterable<{ list: readonly Told[]; first: string; count: number }> {
  const found = new Map<readonly Told[], { list: readonly Told[]; first: string; count: number }>();
  for (const [site, list] of bySite) {
    const known = found.get(list);
    if (known === undefined) found.set(list, { list, first: site, count: 1 });
    else {
      known.count += 1;
      if (site < known.first) known.first = site;
    }
  }
  return found.values();
}
