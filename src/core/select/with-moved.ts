/** Sorted names without those that are moved, and with those that are in now; the same list where these are the same. */
export function withMoved(
  sorted: readonly string[],
  moved: readonly string[],
  added: readonly string[],
): readonly string[] {
  const isIn = new Set(added);
  const slices: (readonly string[])[] = [];
  let [from, isSame] = [0, true];
  for (const name of moved.toSorted()) {
    const at = firstFrom(name, sorted);
    const wasIn = sorted[at] === name;
    slices.push(sorted.slice(from, at), isIn.has(name) ? [name] : []);
    from = wasIn ? at + 1 : at;
    isSame &&= wasIn === isIn.has(name);
  }
  return isSame ? sorted : new Array<string>().concat(...slices, sorted.slice(from));
}

/** Where the names begin that are not before this one. */
function firstFrom(name: string, sorted: readonly string[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
