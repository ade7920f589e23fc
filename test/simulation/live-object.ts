/** What can be read from objects of clusters. */

/** The app that an object names as its owner. */
export function ownerOf(object: { readonly metadata: object }): string | undefined {
  const owner = at(object, "metadata", "annotations", "flotilla.dev/owner");
  return typeof owner === "string" ? owner.slice(owner.indexOf("/") + 1) : undefined;
}

export function at(value: unknown, ...keys: string[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Record<string, unknown>)[key]; // an object, as just checked
  }
  return found;
}
