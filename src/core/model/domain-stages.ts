/** Stages that a strategy's stage with `each` becomes: one for every domain, a region or the value of a label. */
import { createHash } from "node:crypto";

const longest = 63;

/** What `each` divides sites by that are not divided by a label. */
export const byRegion = "region";

/** The domain of a site; undefined: it has no such label, and is in none. */
export function domainOfSite(
  each: string,
  {
    region,
    labels,
  }: { readonly region: string; readonly labels: Readonly<Record<string, string>> },
): string | undefined {
  if (each === byRegion) return region;
  return Object.hasOwn(labels, each) ? labels[each] : undefined;
}

const hashed = /-[0-9a-f]{8}$/u;

/** `<stage>-<domain>`; where that is no name, or looks like one with a hash, a hash of the domain tells it apart. */
export function domainStageName(stage: string, domain: string): string {
  const plain = `${stage}-${domain}`;
  const name = plain.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-");
  const isPlain = name === plain && name.length <= longest && !name.endsWith("-");
  if (isPlain && !hashed.test(name)) return name;
  const hash = createHash("sha256").update(domain).digest("hex").slice(0, 8);
  const start = name.slice(0, longest - hash.length - 1);
  return `${start.endsWith("-") ? start.slice(0, -1) : start}-${hash}`;
}
