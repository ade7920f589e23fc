/**
 * Many selectors over the same labels. In: selectors. Out: which of them match, without asking each: one that wants a value
 * of a label is asked only where it is, so that selectors of a site each cost as the sites do.
 */
import type { Labels } from "../model/fleet-model.ts";
import { matchesSelector, type Requirement, type Selector } from "./selector.ts";

type Positions = Map<string, number[]>;

/** Selectors by what they cannot do without. */
export class SelectorIndex {
  readonly #selectors: readonly Selector[];
  readonly #rarest: readonly (Requirement | undefined)[];
  /** By `key=value`. */
  readonly #byValue: Positions = new Map();
  readonly #byKey: Positions = new Map();
  /** Those that may match whatever labels there are. */
  readonly #others: number[] = [];

  constructor(selectors: readonly Selector[]) {
    this.#selectors = selectors;
    const uses = countUses(selectors);
    this.#rarest = selectors.map(({ requirements }) => rarestOf(requirements, uses));
    for (const [position, rarest] of this.#rarest.entries()) {
      if (rarest === undefined) this.#others.push(position);
      else if (needsKey.has(rarest.operator)) noteIn(this.#byKey, rarest.key, position);
      else for (const text of textsOf(rarest)) noteIn(this.#byValue, text, position);
    }
  }

  /** Positions of the selectors that match, in order. */
  matching(labels: Labels): readonly number[] {
    const asked = [...this.#others];
    for (const [key, value] of Object.entries(labels)) {
      for (const found of [this.#byValue.get(`${key}=${value}`), this.#byKey.get(key)]) {
        for (const position of found ?? []) asked.push(position);
      }
    }
    return asked
      .filter((position) => {
        const selector = this.#selectors[position];
        return selector !== undefined && matchesSelector(selector, labels);
      })
      .toSorted((a, b) => a - b);
  }

  /** How many of these each selector is asked about, to find where it matches. */
  asked(all: readonly Labels[]): readonly number[] {
    const sites = new Map<string, number>();
    for (const labels of all) {
      for (const [key, value] of Object.entries(labels)) {
        for (const text of [key, `${key}=${value}`]) sites.set(text, (sites.get(text) ?? 0) + 1);
      }
    }
    return this.#rarest.map((rarest) => {
      if (rarest === undefined) return all.length;
      const texts = needsKey.has(rarest.operator) ? [rarest.key] : textsOf(rarest);
      return texts.reduce((sum, text) => sum + (sites.get(text) ?? 0), 0);
    });
  }
}

const needsKey: ReadonlySet<string> = new Set(["exists", ">", "<"]);

function noteIn(positions: Positions, text: string, position: number): void {
  const known = positions.get(text);
  if (known === undefined) positions.set(text, [position]);
  else known.push(position);
}

/** What a label may be to satisfy a requirement; empty where that cannot be listed. */
function textsOf({ key, operator, values }: Requirement): readonly string[] {
  return operator === "=" || operator === "in" ? values.map((value) => `${key}=${value}`) : [];
}

/** How many requirements each value satisfies. */
function countUses(selectors: readonly Selector[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const text of selectors.flatMap(({ requirements }) => requirements.flatMap(textsOf))) {
    uses.set(text, (uses.get(text) ?? 0) + 1);
  }
  return uses;
}

/**
 * The one whose values the fewest others want: where they are, most selectors that ask for them match. Where none wants
 * values, one that wants its key; undefined where none does.
 */
function rarestOf(
  requirements: readonly Requirement[],
  uses: ReadonlyMap<string, number>,
): Requirement | undefined {
  let rarest: { readonly requirement: Requirement; readonly count: number } | undefined;
  for (const requirement of requirements) {
    const texts = textsOf(requirement);
    const count = texts.reduce((sum, text) => sum + (uses.get(text) ?? 0), 0);
    if (texts.length > 0 && (rarest === undefined || count < rarest.count)) {
      rarest = { requirement, count };
    }
  }
  return rarest?.requirement ?? requirements.find(({ operator }) => needsKey.has(operator));
}
