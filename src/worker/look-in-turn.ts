/** Does work in the site's turn, and gives what it gives; `busy` holds it until it has ended. */
export async function lookInTurn<T>(
  limit: (work: () => Promise<void>) => Promise<void>,
  busy: Set<Promise<void>>,
  work: () => Promise<T>,
): Promise<T> {
  const result = Promise.withResolvers<T>();
  const ended = limit(() => work().then(result.resolve, result.reject));
  busy.add(ended);
  try {
    return await result.promise;
  } finally {
    busy.delete(ended);
  }
}
