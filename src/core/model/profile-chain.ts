import type { FleetModel, Located, Place } from "./fleet-model.ts";
import type { Profile } from "./kinds.ts";
import { shippedProfiles } from "./shipped-profiles.ts";

/**
 * A profile behind all that it extends, the first one first. Empty for a name that nobody has: a release from before
 * there was one.
 */
export function profileChain(
  profiles: FleetModel["profiles"],
  name: string,
): readonly Located<Profile>[] {
  const chain: Located<Profile>[] = [];
  let next: string | undefined = name;
  // loadFleet has refused circles.
  while (next !== undefined) {
    const own: Located<Profile> | undefined = profiles.get(next);
    const isAgain = own !== undefined && chain.includes(own);
    const found: Located<Profile> | undefined = isAgain ? shipped(next) : (own ?? shipped(next));
    if (found !== undefined) chain.unshift(found);
    next = isAgain ? undefined : found?.value.spec.extends;
  }
  return chain;
}

/** Made once: what is rendered with one is kept for as long as it is the same object. */
const located: ReadonlyMap<string, Located<Profile>> = new Map(
  [...shippedProfiles].map(([name, value]) => {
    const file = `Flotilla's profile ${name}`;
    const place = (): Place => ({ file, line: 0, column: 0 });
    return [name, { value, file, at: place, keyAt: place, textAt: place }];
  }),
);

function shipped(name: string): Located<Profile> | undefined {
  return located.get(name);
}
