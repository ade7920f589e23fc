/**
 * What expressions know of each site, and its peers. In: the sites and regions of a fleet, with their data. Out: one
 * record a site, made when it is first asked for. Only what an expression may read is in it: a note, or a pause, must not
 * make a site get its apps anew.
 */
import { createHash } from "node:crypto";
import type { CelInput } from "@bufbuild/cel";
import type { CelCalls } from "../cel/cel-environment.ts";
import { toCelInput } from "../cel/cel-values.ts";
import { type ExpressionFacts, siteType } from "../expressions/expression-language.ts";
import { StepBudget } from "../expressions/step-budget.ts";
import { type FillProblem, fillableJson, fillJson } from "../expressions/fill-json.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { FleetModel, Located } from "../model/fleet-model.ts";
import { canonicalJson, isJsonObject, type JsonObject } from "../model/json.ts";
import { FollowedFindings } from "../model/followed-results.ts";
import { KeptResults } from "../model/kept-results.ts";
import { keptFor } from "../model/known-fleet.ts";
import type { Region, Site } from "../model/kinds.ts";
import { changedKeys } from "../model/patched-map.ts";
import { matchesSelector, selectorFromSpec } from "../select/selector.ts";
import { presentValues } from "./merge-values.ts";
import { mistake } from "./mistake.ts";

/** Answers of `sites(…)` that are kept: more selectors than these are made up by expressions. */
const maxSelectors = 500;

/** What is known of one site: the same object for what is declared alike. */
export interface KnownSite extends Pick<ExpressionFacts, "facts"> {
  readonly name: string;
  /** Equal for sites with the same values. */
  readonly valuesText: string;
  readonly values: JsonObject;
  /** Why its values could not be filled in. */
  readonly problems: readonly FillProblem[];
}

/** Values of a Site, filled in. */
interface SiteValues {
  readonly values: JsonObject;
  readonly problems: readonly FillProblem[];
}

const kept = new KeptResults<FleetModel["sites"], SiteFacts>();
const keptSites = new WeakMap<Located<Site>, ReadSite>();

/** What was read of a site before, and of what. */
interface ReadSite {
  readonly fleet: string;
  readonly region: Located<Region> | undefined;
  readonly known: KnownSite;
  /** What its expressions took. */
  readonly steps: number;
}

/** The facts of all sites of a model, for a fleet of this name: the same object for the same sites and regions. */
export function siteFactsOf(fleet: string, siteModel: FleetModel): SiteFacts {
  const { sites, regions } = siteModel;
  return kept.get(sites, [fleet, regions], () => new SiteFacts(fleet, { sites, regions }));
}

/** Characters of a digest: 132 bits. */
export const digestLength = 22;

/** By site: where they are equal, expressions come to the same, but for what they ask of other sites. */
export type FactDigests = ReadonlyMap<string, string>;

const digestOf = keptFor(({ facts }: KnownSite) => shortHash(canonicalJson(facts)));

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, digestLength);
}

const followedDigests = new FollowedFindings<Located<Site>, string>();
const keptChanges = new KeptResults<FactDigests, readonly string[]>();

/** The sites that are other ones than they were, new or gone. */
export function changedSites(before: FactDigests, now: FactDigests): readonly string[] {
  // Kept with what was before: the other way round each of them would keep the one before it, for ever.
  return keptChanges.get(before, [now], () => changedKeys(before, now));
}

const followedValues = new FollowedFindings<Located<Site>, Located<Site>>();

/** Sites that have values of their own; in no order. */
export function sitesWithValues(sites: FleetModel["sites"]): ReadonlyMap<string, Located<Site>> {
  return followedValues.get(sites, [], (site) =>
    site.value.spec.values === undefined ? undefined : site,
  );
}

/** What is known of the sites of a model. */
export class SiteFacts {
  readonly #fleet: { readonly name: string };
  readonly #budget: StepBudget;
  readonly #model: Pick<FleetModel, "sites" | "regions">;
  readonly #known = new Map<string, KnownSite>();
  readonly #regions = new Map<string, JsonObject>();
  #digests: FactDigests | undefined;
  readonly #selected = new Map<string, readonly KnownSite[]>();
  readonly #peers = new Map<string, CelInput>();
  readonly #inputs = new Map<string, CelInput>();
  readonly calls: CelCalls = { sites: (selector) => this.#sites(selector) };
  #hasValues = false;

  constructor(
    fleet: string,
    siteModel: Pick<FleetModel, "sites" | "regions">,
    budget = new StepBudget(),
  ) {
    this.#fleet = { name: fleet };
    this.#model = siteModel;
    this.#budget = budget;
  }

  /** What is known of a site; throws for one that the model does not have. */
  of(site: string): KnownSite {
    this.#readValues();
    const known = this.#known.get(site) ?? this.#read(site);
    this.#known.set(site, known);
    return known;
  }

  /** What is known of each site, as a digest; the same object each time. */
  digests(): FactDigests {
    this.#digests ??= this.#makeDigests();
    return this.#digests;
  }

  #makeDigests(): FactDigests {
    const { sites, regions } = this.#model;
    const digest = (_site: unknown, name: string): string => digestOf(this.of(name));
    // Whether a mistake is one may depend on what else there is: nothing follows from it.
    if (this.mistakes().length > 0)
      return new Map([...sites.keys()].map((name) => [name, digest(name, name)]));
    return followedDigests.get(sites, [this.#fleet.name, regions], digest);
  }

  /** The same of all sites that a selector holds. Throws for one that is mistaken. */
  digestOfSelected(text: string): string {
    return shortHash(this.selected(text).map(digestOf).join());
  }

  /** The sites that a selector holds, by name: the site that asks too, where it does. Throws for one that is mistaken. */
  selected(text: string): readonly KnownSite[] {
    const known = this.#selected.get(text);
    if (known !== undefined) return known;
    const parsed = selectorFromSpec(text);
    if (!parsed.ok) throw new Error(`bad selector: ${parsed.message}`);
    const { selector } = parsed;
    if (selector.requirements.length === 0) throw new Error("the selector is empty");
    const names = [...this.#model.sites].flatMap(([name, { value }]) =>
      matchesSelector(selector, value.metadata.labels ?? {}) ? [name] : [],
    );
    const selected = names.toSorted().map((name) => this.of(name));
    if (this.#selected.size >= maxSelectors) this.#selected.clear();
    this.#selected.set(text, selected);
    return selected;
  }

  /** Mistakes in the values of sites themselves. */
  mistakes(): Diagnostic[] {
    const found: Diagnostic[] = [];
    for (const [name, site] of sitesWithValues(this.#model.sites)) {
      for (const { path, offset, message, hint } of this.of(name).problems) {
        const place = site.textAt(["spec", "values", ...path], offset);
        const told = { code: "expression-failed", message } as const;
        found.push(mistake(place, { ...told, ...(hint !== undefined && { hint }) }));
      }
    }
    return found;
  }

  /** Of all sites that have some, by name: what they may take together must not depend on who is asked for first. */
  #readValues(): void {
    if (this.#hasValues) return;
    this.#hasValues = true;
    const names = [...sitesWithValues(this.#model.sites).keys()];
    for (const name of names.toSorted()) this.#known.set(name, this.#read(name));
  }

  #read(name: string): KnownSite {
    const site = this.#model.sites.get(name);
    if (site === undefined) throw new Error(`the model has no Site ${name}`);
    const fleet = this.#fleet.name;
    const region = this.#model.regions.get(site.value.spec.region);
    const read = keptSites.get(site);
    const isSame = read !== undefined && read.fleet === fleet && read.region === region;
    if (isSame && this.#budget.allows(read.steps)) {
      this.#budget.spend(read.steps);
      return read.known;
    }
    const before = this.#budget.spent;
    const known = this.#readNew(name, site.value);
    // Whether a mistake is one may depend on what else there is.
    if (known.problems.length === 0) {
      keptSites.set(site, { fleet, region, known, steps: this.#budget.spent - before });
    }
    return known;
  }

  #readNew(name: string, declared: Site): KnownSite {
    const { region, profile, location, timeZone, address } = declared.spec;
    const ofRegion = this.#region(region);
    const zone = timeZone ?? ofRegion["timeZone"];
    const site: JsonObject = {
      name,
      region,
      ...(profile !== undefined && { profile }),
      labels: declared.metadata.labels ?? {},
      ...(address !== undefined && { address }),
      ...(location !== undefined && { location }),
      ...(zone !== undefined && { timeZone: zone }),
    };
    const base = { site, region: ofRegion, fleet: this.#fleet };
    const { values, problems } = this.#valuesOf(declared, base);
    return {
      name,
      facts: { ...base, site: { ...site, values: presentValues(values) } },
      values,
      valuesText: Object.keys(values).length === 0 ? "" : canonicalJson(values),
      problems,
    };
  }

  #valuesOf({ spec }: Site, facts: ExpressionFacts["facts"]): SiteValues {
    if (spec.values === undefined) return { values: {}, problems: [] };
    const written = spec.values as JsonObject; // parsed YAML that the schema has checked
    const fillable = fillableJson(written, "site");
    if (fillable === undefined) return { values: written, problems: [] };
    const filled = fillJson(fillable, { facts, calls: {} }, this.#budget);
    if (!filled.ok) return { values: {}, problems: filled.problems };
    return { values: isJsonObject(filled.json) ? filled.json : {}, problems: [] };
  }

  #region(name: string): JsonObject {
    const known = this.#regions.get(name);
    if (known !== undefined) return known;
    const declared = this.#model.regions.get(name)?.value;
    const { location, timeZone } = declared?.spec ?? {};
    const region: JsonObject = {
      name,
      labels: declared?.metadata.labels ?? {},
      ...(location !== undefined && { location }),
      ...(timeZone !== undefined && { timeZone }),
    };
    this.#regions.set(name, region);
    return region;
  }

  #sites(text: string): CelInput {
    const known = this.#peers.get(text);
    if (known !== undefined) return known;
    const peers = this.selected(text).map(({ name }) => this.#input(name));
    if (this.#peers.size >= maxSelectors) this.#peers.clear();
    this.#peers.set(text, peers);
    return peers;
  }

  #input(name: string): CelInput {
    const known = this.#inputs.get(name);
    if (known !== undefined) return known;
    const input = toCelInput(this.of(name).facts["site"] ?? null, siteType);
    this.#inputs.set(name, input);
    return input;
  }
}
