/**
 * Subcharts of one name beside each other. Helm goes through them in no order; for each of `dependencies` it takes the
 * first whose name and version fit, and leaves those that fit none as they are, of which the last one wins. So it takes
 * one at random where two fit the same dependency, and where two fit none. A version or a range that cannot be read fits
 * all, what a condition switches off counts as the rest, and of `.helmignore` only whole paths count: more is refused then
 * than Helm takes at random, never less.
 */
import type { Diagnostic } from "../diagnostic.ts";
import { errorAt } from "../fleet-draft.ts";
import type { Place, SourceFile } from "../fleet-model.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { parseYaml } from "../parse-yaml.ts";
import { isInRange } from "./version-range.ts";

interface FoundChart {
  /** Its Chart.yaml. */
  readonly file: SourceFile;
  /** The folder of the chart that it stands in, with a slash at its end; "" for the root of the repository. */
  readonly around: string;
  /** From there. */
  readonly folder: string;
}

interface Subchart extends Omit<FoundChart, "file"> {
  readonly name: string;
  readonly version: string;
  readonly nameAt: Place;
}

/** Of the files of a chart in a folder: a mistake at the name of each subchart that Helm does not tell from one before it. */
export function twinCharts(folder: string, files: readonly SourceFile[]): readonly Diagnostic[] {
  const root = folder === "" ? "" : `${folder}/`;
  const isIgnored = ignoredFolders(files.find(({ path }) => path === `${root}.helmignore`));
  const found = files.flatMap((file) => {
    const { around, folder } = subchartPath.exec(file.path.slice(root.length))?.groups ?? {};
    if (folder === undefined || isIgnored(`${around}${folder}/`)) return [];
    return [{ file, around: `${root}${around}`, folder }];
  });
  const isAlone = new Set(found.map(({ around }) => around)).size === found.length;
  if (isAlone) return []; // no need to read them
  const byName = new Map<string, Subchart[]>();
  for (const subchart of found.flatMap(readSubchart)) {
    const key = JSON.stringify([subchart.around, subchart.name]);
    byName.set(key, [...(byName.get(key) ?? []), subchart]);
  }
  const byPath = new Map(files.map((file) => [file.path, file]));
  return [...byName.values()].flatMap((twins) => mistakesOf(twins, byPath));
}

/** In a chart. Helm does not look at folders whose names begin with a dot or an underscore. */
const subchartPath =
  /^(?<around>(?:charts\/[^/._][^/]*\/)*)(?<folder>charts\/[^/._][^/]*)\/Chart\.yaml$/;

/** True for folders of the chart, with a slash at their end, that this .helmignore names, or that lie in one. */
function ignoredFolders(ignore: SourceFile | undefined): (folder: string) => boolean {
  const named = (ignore?.text ?? "").split("\n").flatMap((line) => {
    const { path } = plainPath.exec(line)?.groups ?? {};
    return path === undefined ? [] : [`${path}/`];
  });
  return (folder) => named.some((path) => folder.startsWith(path));
}

/** A line that says one path from the chart's folder on: no pattern, and none that takes back what another one says. */
const plainPath = /^[ \t]*\/?(?<path>charts\/[\w./-]*\w)\/?[ \t\r]*$/;

/** None for what cannot be read: Helm says what is wrong there. */
function readSubchart({ file, around, folder }: FoundChart): Subchart[] {
  const [document] = parseYaml(file).documents;
  const { name, version } = objectIn(document?.value);
  if (document === undefined || typeof name !== "string") return [];
  return [{ name, version: textOf(version), around, folder, nameAt: document.at(["name"]) }];
}

/** Numbers as Helm reads them, too. What is there no text is no version either. */
function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function mistakesOf(
  twins: readonly Subchart[],
  byPath: ReadonlyMap<string, SourceFile>,
): Diagnostic[] {
  const [first, second] = twins;
  if (first === undefined || second === undefined) return [];
  const ranges = rangesOf(first, byPath);
  const fitting = ranges.map((range) => twins.filter(({ version }) => isInRange(version, range)));
  const left = twins.filter((twin) => !fitting.some((taken) => taken.includes(twin)));
  const toldFrom = new Map<Subchart, Subchart>();
  for (const [one, ...others] of [...fitting, left]) {
    for (const other of others) if (one && !toldFrom.has(other)) toldFrom.set(other, one);
  }
  return twins.flatMap((twin) => {
    const other = toldFrom.get(twin);
    return other === undefined ? [] : [mistakeOf(twin, other)];
  });
}

/** Versions of the dependencies by the name of a subchart; of an old chart they stand in a file of their own. */
function rangesOf(
  { name, around }: Subchart,
  byPath: ReadonlyMap<string, SourceFile>,
): readonly string[] {
  const [chart, old] = ["Chart.yaml", "requirements.yaml"].map((file) => {
    const found = byPath.get(around + file);
    return objectIn(found && parseYaml(found).documents[0]?.value);
  });
  const { dependencies } = { ...chart, ...old }; // as Helm reads the one over the other
  const list = Array.isArray(dependencies) ? (dependencies as readonly Json[]) : []; // isArray loses the type of items
  return list
    .map(objectIn)
    .filter((each) => each["name"] === name)
    .map(({ version }) => textOf(version));
}

function objectIn(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function mistakeOf({ name, nameAt }: Subchart, other: Subchart): Diagnostic {
  return errorAt(nameAt, {
    code: "unrepeatable",
    message: `${other.folder} is a chart with the name ${JSON.stringify(name)} too, and \`dependencies\` does not tell them apart: Helm takes one at random`,
    hint: "take one of them out, or give `dependencies` of the chart around them an entry for the very version of each",
  });
}
