/** Subcharts of one name beside each other: where no dependency takes each of them, Helm takes one at random. */
import type { Diagnostic } from "../diagnostic.ts";
import { errorAt } from "../fleet-draft.ts";
import type { Place, SourceFile } from "../fleet-model.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { parseYaml } from "../parse-yaml.ts";

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
  readonly version: Json | undefined;
  readonly nameAt: Place;
}

/** Of the files of a chart in a folder: a mistake at the name of each subchart that has that of one before it. */
export function twinCharts(folder: string, files: readonly SourceFile[]): readonly Diagnostic[] {
  const root = folder === "" ? "" : `${folder}/`;
  const found = files.flatMap((file) => {
    const { around, folder } = subchartPath.exec(file.path.slice(root.length))?.groups ?? {};
    return folder === undefined ? [] : [{ file, around: `${root}${around}`, folder }];
  });
  const isAlone = new Set(found.map(({ around }) => around)).size === found.length;
  if (isAlone) return []; // no need to read them
  const byName = new Map<string, Subchart[]>();
  for (const subchart of found.flatMap(readSubchart)) {
    const key = JSON.stringify([subchart.around, subchart.name]);
    byName.set(key, [...(byName.get(key) ?? []), subchart]);
  }
  const byPath = new Map(files.map((file) => [file.path, file]));
  return [...byName.values()].flatMap((twins) =>
    areTakenEach(twins, byPath) ? [] : mistakesOf(twins),
  );
}

/** In a chart. Helm does not look at folders whose names begin with a dot or an underscore. */
const subchartPath =
  /^(?<around>(?:charts\/[^/._][^/]*\/)*)(?<folder>charts\/[^/._][^/]*)\/Chart\.yaml$/;

/** None for what cannot be read: Helm says what is wrong there. */
function readSubchart({ file, around, folder }: FoundChart): Subchart[] {
  const [document] = parseYaml(file).documents;
  const { name, version } = objectIn(document?.value);
  if (document === undefined || typeof name !== "string") return [];
  return [{ name, version, around, folder, nameAt: document.at(["name"]) }];
}

function areTakenEach(
  twins: readonly Subchart[],
  byPath: ReadonlyMap<string, SourceFile>,
): boolean {
  const [{ name, around } = { name: "", around: "" }] = twins;
  const areVersions = new Set(twins.map(({ version }) => version)).size === twins.length;
  if (!areVersions) return false;
  return twins.length === 1 || dependenciesOn(name, around, byPath) >= twins.length;
}

/** How many dependencies a chart has by a name; of an old chart they stand in a file of their own. */
function dependenciesOn(
  name: string,
  around: string,
  byPath: ReadonlyMap<string, SourceFile>,
): number {
  const file = byPath.get(`${around}requirements.yaml`) ?? byPath.get(`${around}Chart.yaml`);
  const { dependencies } = objectIn(file && parseYaml(file).documents[0]?.value);
  const list = Array.isArray(dependencies) ? (dependencies as readonly Json[]) : []; // isArray loses the type of items
  return list.filter((each) => objectIn(each)["name"] === name).length;
}

function objectIn(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function mistakesOf([first, ...others]: readonly Subchart[]): Diagnostic[] {
  return others.map(({ name, nameAt }) =>
    errorAt(nameAt, {
      code: "unrepeatable",
      message: `${first?.folder} is a chart with the name ${JSON.stringify(name)} too, and no dependency takes each of them: Helm takes one at random`,
      hint: "take one of them out, or give `dependencies` of the chart around them an entry for the version of each",
    }),
  );
}
