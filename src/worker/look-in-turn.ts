/**
 * Does work in the site's turn, and gives what it gives; `busy` holds it until it has ended. Throws when `until` aborts
 * before that: what still waits for its turn then is not done.
 */
export async function lookInTurn<T>(
  limit: (work: () => Promise<void>) => Promise<void>,
  busy: Set<Promise<void>>,
  { work, until }: { readonly work: () => Promise<T>; readonly until: AbortSignal },
): Promise<T> {
  const result = Promise.withResolvers<T>();
  const giveUp = (): void => result.reject(until.reason);
  until.addEventListener("abort", giveUp);
  const ended = limit(async () => {
    if (until.aborted) return giveUp();
    await work().then(result.resolve, result.reject);
  }).finally(() => {
    until.removeEventListener("abort", giveUp);
    busy.delete(ended);
  });
  busy.add(ended);
  return result.promise;
}
