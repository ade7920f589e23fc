import type { WorldSite } from "./planner-world.ts";

/** `s1` to `s<count>`, spread over the regions in turn. */
export function someSites(
  count: number,
  regions: readonly string[] = ["eu"],
): Record<string, WorldSite> {
  const sites: Record<string, WorldSite> = {};
  for (let index = 0; index < count; index += 1) {
    sites[`s${index + 1}`] = { region: regions[index % regions.length] ?? "eu" };
  }
  return sites;
}
