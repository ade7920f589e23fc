/** A 32-bit hash of (app, site), the same on every machine: FNV-1a with a final mix. Not for secrets. */
export function siteHash(app: string, site: string): number {
  let hash = 0x811c9dc5;
  const text = `${app}/${site}`;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Sites in the order in which an app goes to them: by hash, so that neighbours do not go together. */
export function inStableOrder(app: string, sites: Iterable<string>): string[] {
  const hashed = [...sites].map((site) => ({ site, hash: siteHash(app, site) }));
  hashed.sort((a, b) => a.hash - b.hash || compareText(a.site, b.site));
  return hashed.map(({ site }) => site);
}

/** Orders text by code unit: the same everywhere, whatever the locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
