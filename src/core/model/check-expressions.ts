/** Mistakes in the expressions of Flotilla's own kinds, each at its character, and expressions where none are read. */
import type { CelProblem } from "../cel/cel-types.ts";
import {
  type CompiledText,
  compileText,
  type ExpressionScope,
} from "../expressions/expression-language.ts";
import { type PlacedTemplate, templatesIn } from "../expressions/fill-json.ts";
import { badCel } from "./check-checks.ts";
import type { Vocabulary } from "./check-labels.ts";
import { selectorMistakes } from "./check-selectors.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { KindName } from "./kinds.ts";
import { keptFor } from "./known-fleet.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { KindDocument } from "./read-fleet-files.ts";
import type { FieldPath } from "./yaml-places.ts";

/** Every mistake in expressions, without any facts. */
export function checkExpressions(
  documents: readonly KindDocument[],
  vocabulary: Vocabulary,
): Diagnostic[] {
  return documents.flatMap(({ kind, document }) =>
    templatesOf(document).flatMap((template) => {
      const scope = template.isKey ? undefined : expressionScope(kind, template.path);
      if (scope === undefined) return [misplaced(document, kind, template)];
      return checkTemplate(document, { ...template, scope, vocabulary });
    }),
  );
}

const templatesOf = keptFor(({ value }: YamlDocument) => templatesIn(value));

const overlayFields = [
  /^patches\.\d+\.merge\./,
  /^patches\.\d+\.json\.\d+\.value(\.|$)/,
  /^images\.\d+\.(newName|newTag|digest)$/,
  /^replicas\.\d+\.count$/,
  /^(labels|annotations)\./,
  /^namespace$/,
  /^sidecars\.\d+\.(containers|initContainers|volumes)\./,
  /^scheduling\.\d+\.(nodeSelector\.|tolerations\.\d+\.(key|value)$)/,
  /^resources\.\d+\.(requests|limits)\./,
];

/** What an expression in a field may speak of; undefined for a field that holds none. */
function expressionScope(kind: KindName, path: FieldPath): ExpressionScope | undefined {
  const text = path.join(".");
  if (kind === "Site") return text.startsWith("spec.values.") ? "site" : undefined;
  if (kind !== "App" && kind !== "Profile") return undefined;
  if (text.startsWith("spec.values.")) return "values";
  return secretName.test(text) ? "all" : overlayScope(text);
}

const secretName = /^spec\.secrets\.\d+\.from$/;

function overlayScope(text: string): ExpressionScope | undefined {
  const [, overlay] = /^spec\.overlays\.\d+\.(.*)$/.exec(text) ?? [];
  if (overlay === undefined) return undefined;
  if (overlay.startsWith("values.")) return "values";
  return overlayFields.some((field) => field.test(overlay)) ? "all" : undefined;
}

function misplaced(
  document: YamlDocument,
  kind: KindName,
  { path, text, isKey }: PlacedTemplate,
): Diagnostic {
  const code = "expression";
  if (isKey && expressionScope(kind, path) !== undefined) {
    const message = "a key is taken as it is written: it cannot hold `${`";
    return errorAt(document.keyAt(path), { code, message, hint: "write the key out" });
  }
  const message = "`${ }` is not read in this field";
  const hint = "write the value out; expressions stand in values, and in what overlays set";
  const place = isKey ? document.keyAt(path) : document.textAt(path, text.indexOf("${"));
  return errorAt(place, { code, message, hint });
}

interface ScopedTemplate extends PlacedTemplate {
  readonly scope: ExpressionScope;
  readonly vocabulary: Vocabulary;
}

/** The mistakes of one text with expressions. */
export function checkTemplate(
  document: Pick<YamlDocument, "at" | "textAt">,
  { scope, path, text, vocabulary }: ScopedTemplate,
): Diagnostic[] {
  const tell = (problem: CelProblem): Diagnostic => badCel(document, path, { cel: text, problem });
  const compiled = compileText(scope, text);
  if (!compiled.ok) return compiled.problems.map(tell);
  return selectorsIn(compiled.text).flatMap(({ selector, offset: start }) =>
    selectorMistakes(selector, vocabulary).map(({ offset, finding }) =>
      errorAt(document.textAt(path, start + offset), finding),
    ),
  );
}

/** What the expressions of a text ask `sites('…')` for, where it is written out; none where the text has a mistake. */
export function sitesSelectorsIn(text: string): readonly SitesSelector[] {
  const compiled = compileText("all", text);
  return compiled.ok ? selectorsIn(compiled.text) : [];
}

/** A selector that is written out in `sites('…')`, at a character (0-based) of the text that it stands in. */
interface SitesSelector {
  readonly selector: string;
  readonly offset: number;
}

function selectorsIn({ parts }: CompiledText): SitesSelector[] {
  return parts.flatMap((part) => {
    if (typeof part === "string") return [];
    return part.program.reads.calls.flatMap((call) =>
      call.name === "sites" ? { selector: call.text, offset: part.offset + call.offset } : [],
    );
  });
}

/** What the expressions of a document ask `sites('…')` for, where it is written out. */
export function sitesSelectors(
  kind: KindName,
  document: YamlDocument,
): readonly (SitesSelector & { readonly path: FieldPath })[] {
  return templatesOf(document).flatMap(({ path, text, isKey }) => {
    const scope = isKey ? undefined : expressionScope(kind, path);
    if (scope === undefined) return [];
    const compiled = compileText(scope, text);
    return compiled.ok ? selectorsIn(compiled.text).map((one) => ({ ...one, path })) : [];
  });
}
