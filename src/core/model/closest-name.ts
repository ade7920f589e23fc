/** The known name that a mistyped one most likely means; undefined when none is near. */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  const typed = name.toLowerCase();
  const farthest = Math.max(1, Math.min(3, Math.floor(name.length / 3)));
  let best: string | undefined;
  let bestDistance = farthest + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - typed.length) >= bestDistance) continue;
    const distance = editDistance(...whereTheyDiffer(typed, candidate.toLowerCase()));
    if (
      distance < bestDistance ||
      (distance === bestDistance && best !== undefined && candidate < best)
    ) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Both without the beginning and the end that they have in common: names of a fleet are long and alike. */
function whereTheyDiffer(a: string, b: string): [string, string] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}

/** Letters to insert, remove or replace, and neighbours to swap, to get from one text to the other. */
function editDistance(a: string, b: string): number {
  const distances = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const known = (row: number, column: number): number => distances[row]?.[column] ?? Infinity;
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    distances.push(current);
    for (let column = 1; column <= b.length; column++) {
      const replaced = known(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const removed = known(row - 1, column) + 1;
      const inserted = known(row, column - 1) + 1;
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwap ? known(row - 2, column - 2) + 1 : Infinity;
      current.push(Math.min(replaced, removed, inserted, swapped));
    }
  }
  return known(a.length, b.length);
}
