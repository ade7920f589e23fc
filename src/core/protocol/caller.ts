/** What callers of the controller's API may do; each role may do what the ones before it may. */
export const roles = ["view", "operate", "admin"] as const;
export type Role = (typeof roles)[number];

/** Who calls the API, as far as it is proven. */
export interface Caller {
  /** Null: the API token of the controller's own machine, which names nobody. */
  readonly name: string | null;
  readonly role: Role;
  /** Which credential it was, without telling it: `api`, `token:<part of its hash>`, `oidc:<subject>`. */
  readonly credential: string;
}

/** True when a role may do what needs another one. */
export function mayDo(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
