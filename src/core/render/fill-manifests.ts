/**
 * Manifests with expressions (`source.expressions`): an object that holds one is filled in for each site, and checked
 * then, because its name or namespace may come of an expression; all others are read as ever.
 */
import type { ExpressionFacts } from "../expressions/expression-language.ts";
import { fillableJson, templatesIn } from "../expressions/fill-json.ts";
import { checkTemplate } from "../model/check-expressions.ts";
import type { Vocabulary } from "../model/check-labels.ts";
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import type { SourceFile } from "../model/fleet-model.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { KeptResults } from "../model/kept-results.ts";
import { type KubeObject, keyOf, objectId } from "../model/kube-object.ts";
import { sealedText } from "../secrets/sops-file.ts";
import { quoteHint } from "./check-object.ts";
import { type FilledPart, FillablePart, type WrittenPart } from "./fillable-part.ts";
import { type ManifestObject, identityProblem, readManifestObjects } from "./manifest-objects.ts";
import { mistake, placeText } from "./mistake.ts";
import {
  type ManifestContext,
  type ParsedManifests,
  type SourceObject,
  checkManifests,
  duplicate,
  sourceObject,
  withContent,
} from "./parse-manifests.ts";
import type { SiteMistakes } from "./site-mistakes.ts";

/** Objects of an app, and those that differ by site. */
export interface FillableManifests extends ParsedManifests {
  readonly fillable: readonly FillableManifest[];
}

/** Reads manifests whose expressions count. */
export function parseFillableManifests(
  files: readonly SourceFile[],
  context: ManifestContext,
  vocabulary: Vocabulary,
): FillableManifests {
  const read = readManifestObjects(files);
  const diagnostics: Diagnostic[] = [...read.diagnostics];
  const literal: ManifestObject[] = [];
  const fillable: FillableManifest[] = [];
  for (const manifest of read.objects) {
    const templates = templatesIn(manifest.object);
    // What is sealed is opened as it was written.
    if (templates.length === 0 || sealedText(manifest.object) !== undefined) {
      literal.push(manifest);
      continue;
    }
    diagnostics.push(
      ...templates.flatMap((template) =>
        template.isKey
          ? [keyMistake(manifest, template.path)]
          : checkTemplate(manifest, { ...template, scope: "all", vocabulary }),
      ),
    );
    fillable.push(
      keptManifests.get(manifest, [context], () => new FillableManifest(manifest, context)),
    );
  }
  const parsed = checkManifests(literal, context);
  return { ...parsed, diagnostics: [...diagnostics, ...parsed.diagnostics], fillable };
}

const keptManifests = new KeptResults<ManifestObject, FillableManifest>();

function keyMistake({ keyAt }: ManifestObject, path: readonly (string | number)[]): Diagnostic {
  const message = "a key is taken as it is written: it cannot hold `${`";
  return mistake(keyAt(path), { code: "expression", message, hint: "write the key out" });
}

/** One object with expressions. */
export class FillableManifest {
  /** The object as it is written, by whose kind the app is known. */
  readonly written: SourceObject;
  readonly part: WrittenPart<JsonObject>;
  readonly #context: ManifestContext;
  /** Places of its expressions. */
  readonly #templates: ReadonlySet<string>;
  /** A filling in which nothing is wrong. What metadata hold no expression are the same object in all fillings. */
  #sound: { readonly metadata: Json | undefined; readonly source: SourceObject } | undefined;

  constructor(manifest: ManifestObject, context: ManifestContext) {
    const { object, textAt, at, keyAt } = manifest;
    this.written = { ...manifest, key: keyOf(object) };
    this.part = { json: object, fillable: fillableJson(object, "all"), textAt };
    this.#context = context;
    this.#templates = new Set(
      templatesIn(object).map(({ path, isKey }) => placeText(isKey ? keyAt(path) : at(path))),
    );
  }

  /** The object that a filling gives, with its mistakes. */
  check(json: JsonObject): Parsed<SourceObject> {
    const result = this.#checked(json);
    const diagnostics = result.diagnostics.flatMap((each) => {
      if (!this.#templates.has(placeText(each))) return each;
      // Where one of the expressions has a mistake, their texts stand as they are written: that is told already.
      if (this.part.fillable === undefined) return [];
      return each.hint === quoteHint ? { ...each, hint: "write string(…) around it" } : each;
    });
    return { ...result, diagnostics };
  }

  #checked(json: JsonObject): Parsed<SourceObject> {
    const sound = this.#sound;
    // In what kind and version hold an expression, no object is told.
    if (sound !== undefined && json["metadata"] === sound.metadata) {
      return withContent(sound.source, json);
    }
    const result = this.#checkedWhole(json);
    if (result.ok && result.diagnostics.length === 0)
      this.#sound = { metadata: json["metadata"], source: result.value };
    return result;
  }

  #checkedWhole(json: JsonObject): Parsed<SourceObject> {
    const { at, keyAt, textAt } = this.written;
    const problem = identityProblem({ value: json, at, keyAt });
    if (problem !== undefined) return { ok: false, diagnostics: [problem] };
    const object = json as unknown as KubeObject; // identityProblem has checked what one promises
    return sourceObject({ object, at, keyAt, textAt }, this.#context);
  }
}

/** What the manifests with expressions come to at a site. */
export interface ManifestsAt {
  readonly objects: readonly SourceObject[];
  /** Equal for equal objects. */
  readonly id: string;
}

/** A manifest that is being filled in. */
export class ManifestFilling {
  readonly part: FillablePart<JsonObject>;
  readonly #manifest: FillableManifest;
  readonly #checked = new Map<string, Parsed<SourceObject>>();

  constructor(manifest: FillableManifest) {
    this.part = new FillablePart(manifest.part);
    this.#manifest = manifest;
  }

  /** The object that a filling gives, with its mistakes. */
  checkNew({ json }: FilledPart<JsonObject>): Parsed<SourceObject> {
    return this.#manifest.check(json);
  }

  /** The same, once for each. */
  check({ id, json }: FilledPart<JsonObject>): Parsed<SourceObject> {
    const known = this.#checked.get(id) ?? this.#manifest.check(json);
    this.#checked.set(id, known);
    return known;
  }
}

export interface FillManifests {
  /** Objects without expressions, by id. */
  readonly literal: ReadonlyMap<string, SourceObject>;
  readonly fillings: readonly ManifestFilling[];
  readonly mistakes: SiteMistakes;
  /** What came of fillings before, with warnings. */
  readonly known: Map<string, Parsed<readonly SourceObject[]>>;
}

/** Objects by id. */
export function byObjectId(objects: readonly SourceObject[]): ReadonlyMap<string, SourceObject> {
  return new Map(objects.map((each) => [objectId(each.key), each]));
}

/** Those with expressions at a site; undefined, and told, where one of them cannot be filled in. */
export function manifestsAt(
  manifests: FillManifests,
  site: string,
  given: ExpressionFacts,
): ManifestsAt | undefined {
  const { fillings, mistakes, known } = manifests;
  const parts = fillings.map(({ part }) => part.at(site, given, mistakes));
  const filled = parts.filter((part) => part !== undefined);
  if (filled.length < parts.length) return undefined;
  const id = filled.map((part) => part.id).join(".");
  const result = known.get(id) ?? checkFilled(manifests, filled);
  known.set(id, result);
  for (const diagnostic of result.diagnostics) mistakes.tell(diagnostic, [site]);
  return result.ok ? { objects: result.value, id } : undefined;
}

function checkFilled(
  { literal, fillings }: FillManifests,
  filled: readonly FilledPart<JsonObject>[],
): Parsed<readonly SourceObject[]> {
  // What is filled in alone is asked for once already.
  const isAlone = fillings.length === 1;
  const checked = fillings.flatMap((filling, index) => {
    const part = filled[index];
    if (part === undefined) return [];
    return [isAlone ? filling.checkNew(part) : filling.check(part)];
  });
  const sound = checked.flatMap((result) => (result.ok ? [result.value] : []));
  const diagnostics = [
    ...checked.flatMap((each) => each.diagnostics),
    ...duplicates(literal, sound),
  ];
  const isSound = sound.length === checked.length && !diagnostics.some(isError);
  return isSound ? { ok: true, value: sound, diagnostics } : { ok: false, diagnostics };
}

function duplicates(
  literal: ReadonlyMap<string, SourceObject>,
  filled: readonly SourceObject[],
): Diagnostic[] {
  const found = new Map<string, SourceObject>();
  return filled.flatMap((each) => {
    const id = objectId(each.key);
    const first = found.get(id) ?? literal.get(id);
    found.set(id, each);
    return first === undefined ? [] : [duplicate(each, first)];
  });
}
