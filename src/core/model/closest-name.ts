/** A longer one is no name that somebody has mistyped, and comparing costs the square of its length. */
const maxLength = 400;

/** The known name that a mistyped one most likely means; undefined when none is near. */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > maxLength) return undefined;
  const typed = name.toLowerCase();
  const all = [...known];
  // Most are one letter off, and whether two names are that is quickly seen.
  const farthest = Math.min(3, Math.floor(name.length / 3));
  return nearest(typed, all, 1) ?? (farthest > 1 ? nearest(typed, all, farthest) : undefined);
}

function nearest(typed: string, known: readonly string[], farthest: number): string | undefined {
  let most = farthest;
  let best: string | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - typed.length) > most) continue;
    const [left, right] = whereTheyDiffer(typed, candidate.toLowerCase());
    const distance = most <= 1 ? shortDistance(left, right) : editDistance(left, right, most);
    if (distance > most) continue;
    if (best === undefined || distance < most || candidate < best) best = candidate;
    most = distance;
  }
  return best;
}

/** Both without the beginning and the end that they have in common: names of a fleet are long and alike. */
function whereTheyDiffer(a: string, b: string): [string, string] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a.charCodeAt(start) === b.charCodeAt(start)) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a.charCodeAt(endA - 1) === b.charCodeAt(endB - 1)) {
    endA -= 1;
    endB -= 1;
  }
  return [a.slice(start, endA), b.slice(start, endB)];
}

/** The distance of two that begin and end differently where it is 0 or 1, else some number above that. */
function shortDistance(a: string, b: string): number {
  const isSwap = a.length === 2 && b.length === 2 && a[0] === b[1] && a[1] === b[0];
  return isSwap ? 1 : Math.max(a.length, b.length);
}

/** Letters to insert, remove or replace, and neighbours to swap; some number above `most` where they are more. */
function editDistance(a: string, b: string, most: number): number {
  let rows: Rows = { beforeLast: [], last: Array.from({ length: b.length + 1 }, (_, at) => at) };
  for (let row = 1; row <= a.length; row++) {
    const current = nextRow(a.slice(0, row), b, rows);
    if (Math.min(...rows.last) > most && Math.min(...current) > most) return most + 1;
    rows = { beforeLast: rows.last, last: current };
  }
  return rows.last[b.length] ?? Infinity;
}

/** The distances of what was looked at so far of one text from each beginning of the other. */
interface Rows {
  readonly beforeLast: readonly number[];
  readonly last: readonly number[];
}

function nextRow(a: string, b: string, { beforeLast, last }: Rows): readonly number[] {
  const letter = a.charCodeAt(a.length - 1);
  const letterBefore = a.charCodeAt(a.length - 2);
  let left = a.length;
  const current = [left];
  for (let column = 1; column <= b.length; column++) {
    const isSame = letter === b.charCodeAt(column - 1);
    const isSwap = letter === b.charCodeAt(column - 2) && letterBefore === b.charCodeAt(column - 1);
    const replaced = (last[column - 1] ?? Infinity) + (isSame ? 0 : 1);
    const swapped = isSwap ? (beforeLast[column - 2] ?? Infinity) + 1 : Infinity;
    left = Math.min(replaced, swapped, (last[column] ?? Infinity) + 1, left + 1);
    current.push(left);
  }
  return current;
}
