import type { ReadPath } from "../cel/cel-reads.ts";
import {
  type FillableJson,
  type FillProblem,
  fillJson,
  readingOf,
} from "../expressions/fill-json.ts";
import type { ExpressionFacts } from "../expressions/expression-language.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import { canonicalJson, type Json } from "../model/json.ts";
import { mistake } from "./mistake.ts";
import type { FieldPath } from "./read-yaml.ts";
import type { SiteMistakes } from "./site-mistakes.ts";

/** Sites at which a part may fail before it is not tried any more: all of them are told as one mistake. */
const maxFailures = 50;

/** Data as it is at a site. Equal data of one part has the same id, whenever it was filled in. */
export interface FilledPart<T extends Json = Json> {
  readonly json: T;
  readonly id: string;
}

/** A part of what a user wrote that may hold expressions. */
export interface WrittenPart<T extends Json = Json> {
  readonly json: T;
  /** undefined: it holds none. */
  readonly fillable: FillableJson | undefined;
  readonly textAt: (path: FieldPath, index: number) => Place;
}

/**
 * A part of what a user wrote at some sites: filled in once for each set of facts that it reads, and the same
 * object for all sites where it comes to the same.
 */
export class FillablePart<T extends Json = Json> {
  readonly #written: WrittenPart<T>;
  readonly #byReading = new Map<string, FilledPart<T>>();
  readonly #byContent = new Map<string, FilledPart<T>>();
  #failures = 0;

  constructor(written: WrittenPart<T>) {
    this.#written = written;
  }

  get isFillable(): boolean {
    return this.#written.fillable !== undefined;
  }

  /** What of the facts it reads. */
  get reads(): readonly ReadPath[] {
    return this.#written.fillable?.reads ?? [];
  }

  get readsValues(): boolean {
    return this.reads.some(([variable]) => variable === "values");
  }

  get mayReadPeers(): boolean {
    return this.#written.fillable?.mayReadPeers ?? false;
  }

  /** What it asks `sites(…)` for; null: anything. */
  get selectors(): readonly string[] | null {
    const { fillable } = this.#written;
    return fillable === undefined ? [] : fillable.selectors;
  }

  /** The part at a site; undefined, and told, where it cannot be filled in. */
  at(site: string, given: ExpressionFacts, mistakes: SiteMistakes): FilledPart<T> | undefined {
    const { fillable } = this.#written;
    if (fillable === undefined) return { json: this.#written.json, id: "" };
    const reading = readingOf(fillable, given);
    const known = this.#byReading.get(reading);
    if (known !== undefined) return known;
    if (this.#failures >= maxFailures) return undefined;
    const filled = fillJson(fillable, given, mistakes.budget);
    if (!filled.ok) {
      this.#failures += 1;
      for (const problem of filled.problems) mistakes.tell(this.#mistake(problem), [site]);
      return undefined;
    }
    const content = canonicalJson(filled.values);
    const part = this.#byContent.get(content) ?? this.#newPart(content, filled.json as T); // expressions replace texts: the rest is as it was
    this.#byReading.set(reading, part);
    return part;
  }

  #newPart(content: string, json: T): FilledPart<T> {
    const part = { json, id: content };
    this.#byContent.set(content, part);
    return part;
  }

  #mistake({ path, offset, message, hint }: FillProblem): Diagnostic {
    return mistake(this.#written.textAt(path, offset), {
      code: "expression-failed",
      message,
      ...(hint !== undefined && { hint }),
    });
  }
}
