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
  /** Of what comes of facts of sites: equal for what is wrong at one place. */
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
    const id = idOf(diagnostic, isOfSite);
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
    const plain = new Set(others.map(({ told }) => told.id));
    const more = ofSites.filter(({ told }) => !plain.has(plainId(told)));
    return [...others.map(({ told }) => told.diagnostic), ...toldDiagnostics(bySite(more))];
  }
}

function idOf(diagnostic: Diagnostic, isOfSite: boolean): string {
  return JSON.stringify([isOfSite, diagnostic]);
}

/** The id of the same where it is told of no site. */
function plainId({ diagnostic }: Told): string {
  return idOf(diagnostic, false);
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

/** What is told of one place, each with a site; what is more there is told as a number. */
const mostAtPlace = 10;

/**
 * Mistakes that come of facts of sites are told once each, with the first site where it happens and how many more there are;
 * not those that are told without a site already.
 */
export function toldDiagnostics(bySite: ToldBySite): readonly Diagnostic[] {
  const found = new Map<string, Sum>();
  const lists = [...sitesByList(bySite)];
  const plain = new Set(lists.flatMap(({ list }) => list.flatMap(idsWithoutSite)));
  for (const { list, first, count } of lists) {
    for (const told of list.filter((each) => !each.isOfSite || !plain.has(plainId(each)))) {
      const key = told.isOfSite ? `${told.key} ${withoutSite(told, first)}` : told.id;
      const known = found.get(key);
      const isFirst = known === undefined || first < known.first;
      const sum = isFirst ? { told, first } : known;
      found.set(key, { ...sum, count: count + (known?.count ?? 0) });
    }
  }
  return [...Map.groupBy(found.values(), ({ told }) => told.key).values()].flatMap(diagnosticsAt);
}

function idsWithoutSite({ isOfSite, id }: Told): readonly string[] {
  return isOfSite ? [] : [id];
}

/** Where each site has its own name in it, it is one mistake all the same. */
function withoutSite({ diagnostic: { message } }: Told, site: string): string {
  if (!message.includes(site)) return message;
  return message.replaceAll(new RegExp(`(?<![a-z0-9])${site}(?![a-z0-9])`, "g"), "\0");
}

/** The mistakes at one place. Values of sites may make as many as there are sites. */
function diagnosticsAt(sums: readonly Sum[]): readonly Diagnostic[] {
  if (sums.length <= mostAtPlace) return sums.map(diagnosticOf);
  const sorted = sums.toSorted((a, b) =>
    a.first === b.first ? compare(a.told.id, b.told.id) : compare(a.first, b.first),
  );
  const [rest, ...others] = sorted.slice(mostAtPlace);
  const told = sorted.slice(0, mostAtPlace).map(diagnosticOf);
  if (rest === undefined) return told;
  const message = `${others.length + 1} more of this kind are here, the first at site ${rest.first}`;
  return [...told, { ...rest.told.diagnostic, message }];
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
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
