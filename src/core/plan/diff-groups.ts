import type { DiffGroup, VariantPlan } from "./fleet-plan.ts";

/**
 * Puts variants together that change the same objects by the same lines, once the names and addresses of their sites
 * are taken out.
 */
export function diffGroups(
  variants: readonly VariantPlan[],
  addressOf: (site: string) => string | undefined,
): readonly DiffGroup[] {
  const groups = new Map<string, { app: string; sites: string[]; variants: number[] }>();
  for (const [index, variant] of variants.entries()) {
    const look = JSON.stringify([
      variant.app,
      variant.objects.map((object) => changedLines(object, variant, addressOf)),
    ]);
    const group = groups.get(look);
    if (group === undefined) {
      groups.set(look, { app: variant.app, sites: [...variant.sites], variants: [index] });
    } else {
      group.sites.push(...variant.sites);
      group.variants.push(index);
    }
  }
  return [...groups.values()].map((group) => ({ ...group, sites: group.sites.toSorted() }));
}

function changedLines(
  { id, change, diff }: VariantPlan["objects"][number],
  { sites }: VariantPlan,
  addressOf: (site: string) => string | undefined,
): readonly string[] {
  const lines = diff.split("\n").filter((line) => line.startsWith("-") || line.startsWith("+"));
  // A variant of several sites has none of their names in it: they share its bytes.
  const [site] = sites;
  if (sites.length !== 1 || site === undefined) return [id, change, ...lines];
  const address = addressOf(site) ?? "";
  return [id, change, ...lines].map((line) => {
    const anywhere = address === "" ? line : line.replaceAll(address, "<address>");
    return anywhere.replaceAll(site, "<site>");
  });
}
