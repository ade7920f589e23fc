/**
 * Does the work for each item, at most `limit` at a time, and gives the results in the order of the items. When one
 * fails no further is begun; its error is thrown when nothing is under way any more.
 */
export async function forEachAtOnce<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = [...items.entries()].toReversed();
  const lane = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [index, item] = next;
      try {
        results[index] = await work(item);
      } catch (error) {
        left.length = 0;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(
    Array.from({ length: Math.min(limit, items.length) }, lane),
  );
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
  return results;
}
