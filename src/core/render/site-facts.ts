/**
 * What expressions know of each site, and its peers. In: the sites and regions of a fleet, with their data. Out: one
 * record a site, made when it is first asked for. Only what an expression may read is in it: a note, or a pause, must not
 * make a site get its apps anew.
 */
import type { CelInput } from "@bufbuild/cel";
import type { CelCalls } from "../cel/cel-environment.ts";
import { toCelInput } from "../cel/cel-values.ts";
import { type ExpressionFacts, siteType } from "../expressions/expression-language.ts";
import { StepBudget } from "../expressions/step-budget.ts";
import { type FillProblem, fillableJson, fillJson } from "../expressions/fill-json.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import { canonicalJson, isJsonObject, type JsonObject } from "../model/json.ts";
import { KeptResults } from "../model/kept-results.ts";
import { matchesSelector, selectorFromSpec } from "../select/selector.ts";
import { presentValues } from "./merge-values.ts";
import { mistake } from "./mistake.ts";

/** Answers of `sites(…)` that are kept: more selectors than these are made up by expressions. */
const maxSelectors = 500;

/** What is known of one site. */
export interface KnownSite extends ExpressionFacts {
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

const noValues: SiteValues = { values: {}, problems: [] };

const kept = new KeptResults<FleetModel["sites"], SiteFacts>();

/** The facts of all sites of a model, for a fleet of this name: the same object for the same sites and regions. */
export function siteFactsOf(fleet: string, siteModel: FleetModel): SiteFacts {
  const { sites, regions } = siteModel;
  return kept.get(sites, [fleet, regions], () => new SiteFacts(fleet, { sites, regions }));
}

/** What is known of the sites of a model. */
export class SiteFacts {
  readonly #fleet: JsonObject;
  readonly #budget: StepBudget;
  readonly #model: Pick<FleetModel, "sites" | "regions">;
  readonly #known = new Map<string, KnownSite>();
  readonly #regions = new Map<string, JsonObject>();
  readonly #peers = new Map<string, CelInput>();
  readonly #inputs = new Map<string, CelInput>();
  readonly #calls: CelCalls = { sites: (selector) => this.#sites(selector) };
  #values: ReadonlyMap<string, SiteValues> | undefined;

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
    const known = this.#known.get(site) ?? this.#read(site);
    this.#known.set(site, known);
    return known;
  }

  /** Mistakes in the values of sites themselves. */
  mistakes(): Diagnostic[] {
    return [...this.#model.sites].flatMap(([name, site]) => {
      if (site.value.spec.values === undefined) return [];
      return this.of(name).problems.map(({ path, offset, message, hint }) =>
        mistake(site.textAt(["spec", "values", ...path], offset), {
          code: "expression-failed",
          message,
          ...(hint !== undefined && { hint }),
        }),
      );
    });
  }

  #read(name: string): KnownSite {
    const base = this.#base(name);
    this.#values ??= this.#allValues();
    const { values, problems } = this.#values.get(name) ?? noValues;
    return {
      name,
      facts: { ...base, site: { ...base.site, values: presentValues(values) } },
      calls: this.#calls,
      values,
      valuesText: Object.keys(values).length === 0 ? "" : canonicalJson(values),
      problems,
    };
  }

  /** Of all sites that have some, by name: what they may take together must not depend on who is asked for first. */
  #allValues(): ReadonlyMap<string, SiteValues> {
    const written = [...this.#model.sites].flatMap(([name, { value }]) => {
      const { values } = value.spec;
      return values === undefined ? [] : [[name, values as JsonObject] as const]; // parsed YAML that the schema has checked
    });
    return new Map(
      written
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, values]) => [name, this.#fill(name, values)]),
    );
  }

  #fill(name: string, written: JsonObject): SiteValues {
    const fillable = fillableJson(written, "site");
    if (fillable === undefined) return { values: written, problems: [] };
    const filled = fillJson(fillable, { facts: this.#base(name), calls: {} }, this.#budget);
    if (!filled.ok) return { values: {}, problems: filled.problems };
    return { values: isJsonObject(filled.json) ? filled.json : {}, problems: [] };
  }

  /** What is known of a site but its values. */
  #base(name: string): {
    readonly site: JsonObject;
    readonly region: JsonObject;
    readonly fleet: JsonObject;
  } {
    const declared = this.#model.sites.get(name)?.value;
    if (declared === undefined) throw new Error(`the model has no Site ${name}`);
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
    return { site, region: ofRegion, fleet: this.#fleet };
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

  /** The sites that a selector holds, by name: the site that asks too, where it does. */
  #sites(text: string): CelInput {
    const known = this.#peers.get(text);
    if (known !== undefined) return known;
    const parsed = selectorFromSpec(text);
    if (!parsed.ok) throw new Error(`bad selector: ${parsed.message}`);
    const { selector } = parsed;
    if (selector.requirements.length === 0) throw new Error("the selector is empty");
    const names = [...this.#model.sites].flatMap(([name, { value }]) =>
      matchesSelector(selector, value.metadata.labels ?? {}) ? [name] : [],
    );
    const peers = names.toSorted().map((name) => this.#input(name));
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
