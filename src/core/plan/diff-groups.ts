import type { DiffGroup, VariantPlan } from "./fleet-plan.ts";

/** Puts variants together that change the same objects by the same lines, once the names of their sites are taken out. */
export function diffGroups(variants: readonly VariantPlan[]): readonly DiffGroup[] {
  const groups = new Map<string, { app: string; sites: string[]; variants: number[] }>();
  for (const [index, variant] of variants.entries()) {
    const look = JSON.stringify([
      variant.app,
      variant.objects.map((object) => changedLines(object, variant)),
    ]);
    const group = groups.get(look);
    if (group === undefined) {
      groups.set(look, { app: variant.app, sites: [...variant.sites], variants: [index] });
    } else {
      group.sites = [...group.sites, ...variant.sites].toSorted();
      group.variants.push(index);
    }
  }
  return [...groups.values()];
}

function changedLines(
  { id, change, diff }: VariantPlan["objects"][number],
  { sites }: VariantPlan,
): readonly string[] {
  const lines = diff.split("\n").filter((line) => line.startsWith("-") || line.startsWith("+"));
  // A variant of several sites has none of their names in it: they share its bytes.
  const [site] = sites;
  const plain = sites.length === 1 && site !== undefined;
  return [id, change, ...lines].map((line) => (plain ? line.replaceAll(site, "<site>") : line));
}
