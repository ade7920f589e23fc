/** Which role each decision needs. What deletes, lifts a safety or speaks for a cluster's identity needs `admin`. */
import type { Decision } from "../core/protocol/api.ts";
import type { Role } from "../core/protocol/caller.ts";

type Needs = {
  readonly [Verb in Decision["verb"]]: (decision: Extract<Decision, { verb: Verb }>) => Role;
};

const needs: Needs = {
  pause: () => "operate",
  resume: () => "operate",
  approve: ({ deletions, removal }) =>
    deletions !== undefined || removal === "delete" ? "admin" : "operate",
  excuse: ({ uid }) => (uid === undefined ? "operate" : "admin"),
  retry: () => "operate",
  promote: () => "operate",
  urgent: () => "operate",
  rollback: () => "operate",
  "accept-head": () => "admin",
  recover: () => "admin",
};

/** The least role that may take this decision. */
export function roleFor(decision: Decision): Role {
  // Each entry takes the decisions of its own verb.
  return (needs[decision.verb] as (decision: Decision) => Role)(decision);
}
