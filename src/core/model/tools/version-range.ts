/** Ranges of versions as Helm reads them in `dependencies` of a chart: those of the Go library Masterminds/semver. */

/** A version, or what a range says of one (`1.2`, `1.x`): the numbers before the first that is left open. */
interface Version {
  readonly numbers: readonly number[];
  /** The parts of a prerelease: `["rc", "1"]`; none of a release. */
  readonly pre: readonly string[];
}

type Comparison = (found: Version, wanted: Version) => boolean;
interface Comparator {
  readonly holds: Comparison;
  readonly wanted: Version;
}

/** Whether Helm takes a version for one of a range. True too where either cannot be read: nobody can rely on it then. */
export function isInRange(version: string, range: string): boolean {
  if (Math.max(version.length, range.length) > mostLength || !readable.test(range)) return true;
  const found = readVersion(version);
  if (found === undefined) return true;
  const groups = range.split("||").map(readGroup);
  return groups.some((group) => group === undefined || isInGroup(found, group));
}

/** Of `1||2 - 3` and `1 - 2||3` Helm makes what nobody would think: there must be a space before the 2, and behind it. */
const readable = /^(?!.*(?:\|[^ ]+ +- | - +[^ ]+\|))[-\w.+*|,~^<>=! ]+$/;
const mostLength = 256;
const number = String.raw`(?:[xX*]|0|[1-9]\d{0,8})`;
const prePart = String.raw`(?:0|[1-9]\d{0,14}|\d*[A-Za-z-][0-9A-Za-z-]*)`;
const versionPattern = new RegExp(
  String.raw`^v?(?<numbers>${number}(?:\.${number}){0,2})(?:-(?<pre>${prePart}(?:\.${prePart})*))?(?:\+[0-9A-Za-z.-]+)?$`,
);
const comparatorPattern = /^(?<operator>[<>=~^!]*)(?<version>[^<>=~^!]+)$/;

function readVersion(text: string): Version | undefined {
  const { numbers, pre } = versionPattern.exec(text)?.groups ?? {};
  if (numbers === undefined) return undefined;
  const parts = numbers.split(".").map(Number);
  const open = parts.findIndex(Number.isNaN);
  return { numbers: open < 0 ? parts : parts.slice(0, open), pre: pre?.split(".") ?? [] };
}

/** What must all hold, one beside the other; undefined where it cannot be read. */
function readGroup(text: string): readonly Comparator[] | undefined {
  const joined = text
    .trim()
    .replace(/(?<=^|, *)([^ ,]+) +- +([^ ,]+)/g, ">=$1 <=$2")
    .replace(/([<>=~^]) +(?=[\w*])/g, "$1");
  const comparators = joined.split(/ *, *| +/).map(readComparator);
  return comparators.includes(undefined)
    ? undefined
    : comparators.filter((each) => each !== undefined);
}

function readComparator(text: string): Comparator | undefined {
  const { operator = "", version = "" } = comparatorPattern.exec(text)?.groups ?? {};
  const holds = comparisons.get(operator);
  const wanted = readVersion(version);
  if (holds === undefined || wanted === undefined) return undefined;
  return isPlain(operator, wanted) ? { holds, wanted } : undefined;
}

/** What Helm makes of `>*`, `^x`, `!=1.x-rc` and the like, nobody would think. */
function isPlain(operator: string, { numbers, pre }: Version): boolean {
  if (operator === "!=" && pre.length > 0 && numbers.length < 3) return false;
  return numbers.length > 0 || ["", "=", "~", "~>", ">=", "=>"].includes(operator);
}

/** A prerelease is only in a group that names one, whichever. */
function isInGroup(found: Version, group: readonly Comparator[]): boolean {
  const isOpen = found.pre.length === 0 || group.some(({ wanted }) => wanted.pre.length > 0);
  return isOpen && group.every(({ holds, wanted }) => holds(found, wanted));
}

const isWhole = ({ numbers }: Version): boolean => numbers.length === 3;
const isFrom: Comparison = (found, wanted) => compare(found, wanted) >= 0;
const isAbove: Comparison = (found, wanted) =>
  (isWhole(wanted) ? compare(found, wanted) : compareNumbers(found, wanted)) > 0;
const isSame: Comparison = (found, wanted) =>
  isWhole(wanted) ? compare(found, wanted) === 0 : isNear(found, wanted);
const isNear: Comparison = (found, wanted) => {
  const isZero = isWhole(wanted) && wanted.numbers.every((each) => each === 0); // Helm takes ~0.0.0 for any
  return isFrom(found, wanted) && (isZero || compareNumbers(found, wanted, 2) === 0);
};
const isCompatible: Comparison = (found, wanted) => {
  const first = wanted.numbers.findIndex((each) => each > 0);
  return isFrom(found, wanted) && compareNumbers(found, wanted, first < 0 ? 3 : first + 1) === 0;
};
const isOther: Comparison = (found, wanted) => {
  if (isWhole(wanted)) return compare(found, wanted) !== 0;
  const isPre = wanted.numbers.length === 2 && found.pre.length > 0; // to Helm, 1.2.3-rc is not of 1.2
  return isPre || compareNumbers(found, wanted) !== 0;
};
const comparisons: ReadonlyMap<string, Comparison> = new Map([
  ["", isSame],
  ["=", isSame],
  ["!=", isOther],
  [">", isAbove],
  [">=", isFrom],
  ["=>", isFrom],
  ["<", (found, wanted) => !isFrom(found, wanted)],
  ["<=", (found, wanted) => !isAbove(found, wanted)],
  ["=<", (found, wanted) => !isAbove(found, wanted)],
  ["~", isNear],
  ["~>", isNear],
  ["^", isCompatible],
]);

function compare(found: Version, wanted: Version): number {
  const padded = { numbers: [...wanted.numbers, 0, 0, 0], pre: [] };
  return compareNumbers(found, padded) || comparePre(found.pre, wanted.pre);
}

/** As far as the numbers of `wanted` go, and no further than `most`. */
function compareNumbers(found: Version, wanted: Version, most = 3): number {
  for (const [index, number] of wanted.numbers.slice(0, most).entries()) {
    const difference = (found.numbers[index] ?? 0) - number;
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePre(found: readonly string[], wanted: readonly string[]): number {
  if (found.length === 0 || wanted.length === 0) return wanted.length - found.length;
  for (const [index, part] of found.entries()) {
    const other = wanted[index];
    if (part !== other) return other === undefined ? 1 : comparePart(part, other);
  }
  return found.length - wanted.length;
}

/** Numbers come before texts. */
function comparePart(part: string, other: string): number {
  const isNumber = (text: string): boolean => /^\d+$/.test(text);
  if (isNumber(part) && isNumber(other)) return Number(part) - Number(other);
  if (isNumber(part) !== isNumber(other)) return isNumber(part) ? -1 : 1;
  return part < other ? -1 : 1;
}
