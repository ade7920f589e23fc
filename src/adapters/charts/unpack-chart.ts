import { isSafePath } from "../git/git-path.ts";
import { FleetError } from "../../core/errors.ts";
import { twinCharts } from "../../core/model/tools/twin-charts.ts";
import { readTar, type TarBudget, tarBudget, type TarFile } from "./read-tar.ts";

/** Deepest nesting of packed subcharts. */
const maxDepth = 5;
/** Longest part of a path, and longest path, that file systems take wherever the checkout lies. */
const maxSegmentBytes = 255;
const maxPathBytes = 1000;

/**
 * The files of a packed chart, without the folder that they stand in; packed subcharts are unpacked too. VENDOR_FAILED
 * for one that is too much or would write elsewhere, and for subcharts of one name of which Helm takes one at random.
 */
export function unpackChart(packed: Buffer, name: string): readonly TarFile[] {
  const files = unpackAt({ packed, name, depth: 0 }, tarBudget());
  const found = new Map<string, TarFile>();
  for (const file of files) {
    if (found.has(file.path)) throw refused(file.path, "stands in it twice");
    found.set(file.path, file);
  }
  for (const path of found.keys()) requireRoom(path, found);
  if (!found.has("Chart.yaml")) throw refused("Chart.yaml", "is missing: it is no chart");
  requireNoTwins(files);
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Throws for a path that cannot be written beside the others. */
function requireRoom(path: string, found: ReadonlyMap<string, TarFile>): void {
  const segments = path.split("/");
  const isTooLong =
    Buffer.byteLength(path) > maxPathBytes ||
    segments.some((segment) => Buffer.byteLength(segment) > maxSegmentBytes);
  if (isTooLong) throw refused(path, "is too long a path");
  const isBelowFile = segments.some((_, index) => found.has(segments.slice(0, index).join("/")));
  if (isBelowFile) throw refused(path, "stands below what is a file");
}

/** Throws what `validate` would tell of subcharts of one name. */
function requireNoTwins(files: readonly TarFile[]): void {
  const described = files.filter(({ path }) => /(?:^|\/)(?:Chart|requirements)\.yaml$/.test(path));
  const texts = described.map(({ path, bytes }) => ({ path, text: bytes.toString("utf8") }));
  const [twin] = twinCharts("", texts);
  if (twin) throw refused(twin.file, `is in the way: ${twin.message}`);
}

/** `charts/NAME.tgz`, of the chart or of one within it. */
const packedSubchart = /^(?<beside>(?:charts\/[^/]+\/)*charts\/)[^/]+\.tgz$/;
/** Helm does not look at what has such a name in `charts`, whatever it is. */
const unread = /(?:^|\/)charts\/[._]/;

interface Archive {
  readonly packed: Buffer;
  /** After those of the archives that it lies in. */
  readonly name: string;
  readonly depth: number;
}

/** All levels share one budget: an archive of archives is no way around it. */
function unpackAt({ packed, name, depth }: Archive, budget: TarBudget): TarFile[] {
  if (depth > maxDepth) throw refused(name, `is nested deeper than ${maxDepth} archives`);
  const files: TarFile[] = [];
  const subcharts: Subchart[] = [];
  for (const { path, bytes } of readTar(packed, name, budget)) {
    const inside = insideOf(path);
    const beside = packedSubchart.exec(inside)?.groups?.["beside"];
    if (beside !== undefined && unread.test(inside)) continue;
    if (beside === undefined) files.push({ path: inside, bytes });
    else {
      const inner = { packed: bytes, name: `${name}/${inside}`, depth: depth + 1 };
      subcharts.push(subchartOf(unpackAt(inner, budget), inside, beside));
    }
  }
  return [...files, ...placed(subcharts, files)];
}

/** A path in an archive without the folder that all of it stands in. */
function insideOf(path: string): string {
  const [, ...parts] = path.replace(/^\.\//, "").split("/");
  const inside = parts.join("/");
  if (path.startsWith("/") || !isSafePath(inside)) throw refused(path, "leads out of it");
  return inside;
}

/** A chart that was packed within another. */
interface Subchart {
  /** Where the archive stands. */
  readonly archive: string;
  /** The folder of its name, beside the archive. */
  readonly folder: string;
  readonly files: readonly TarFile[];
}

function subchartOf(files: readonly TarFile[], archive: string, beside: string): Subchart {
  return { archive, folder: beside + chartName(files, archive), files };
}

/** Their files, each in the folder of its name; where several have one name (in two versions), in those of the archives. */
function placed(subcharts: readonly Subchart[], others: readonly TarFile[]): readonly TarFile[] {
  return subcharts.flatMap(({ archive, folder, files }) => {
    const isUnpacked = others.some(({ path }) => path.startsWith(`${folder}/`));
    const archives = subcharts.filter((other) => other.folder === folder).length;
    const isAlone = archives + Number(isUnpacked) === 1;
    const own = isAlone ? folder : archive.slice(0, -".tgz".length);
    return files.map((file) => ({ ...file, path: `${own}/${file.path}` }));
  });
}

function chartName(files: readonly TarFile[], archive: string): string {
  const chart = files.find(({ path }) => path === "Chart.yaml")?.bytes.toString("utf8") ?? "";
  const name = /^name:\s*["']?([A-Za-z0-9][-A-Za-z0-9._]*)["']?\s*$/m.exec(chart)?.[1];
  if (name === undefined) throw refused(archive, "holds no chart with a name");
  return name;
}

function refused(path: string, why: string): FleetError {
  const message = `the chart is not used: ${JSON.stringify(path)} ${why}`;
  return new FleetError("VENDOR_FAILED", message, { retry: "never" });
}
