/**
 * `meta/<site>.json`: the facts about a site that its worker needs. Facts go out at once; what an app brings along
 * (its namespace, its release) goes out with the app's hand-over and not before. As whom it is written is a fact.
 */
import type { AppPolicy, SiteMeta } from "../core/protocol/mirror-layout.ts";
import { own } from "../core/rollout/own.ts";
import type { SiteFacts } from "../core/rollout/planner-types.ts";
import type { SiteAssignment } from "../core/rollout/site-assignment.ts";

/** Facts that are the same for all sites of a fleet. */
export interface FleetFacts {
  readonly fleet: string;
  readonly drift: SiteMeta["drift"];
  /** By app, null where it is the usual one; undefined: the fleet does not have the app. */
  policyOf(app: string): AppPolicy | null | undefined;
  /** By app, the service account that all is written as; null: the worker itself; undefined: the fleet does not have the app. */
  accountOf(app: string): FleetAccount | null | undefined;
}

/** A service account, in the namespace of its App. */
export interface FleetAccount {
  readonly namespace: string;
  readonly name: string;
}

/** What a hand-over says of an app at a site. */
export type AppFacts = SiteMeta["apps"][string];

export interface MetaInput {
  readonly site: string;
  readonly fleet: FleetFacts;
  readonly facts: SiteFacts;
  readonly assignment: Pick<SiteAssignment, "uid" | "formerUid"> | undefined;
  /** What stands there now. */
  readonly old: SiteMeta | null;
  /** Apps that will stand or leave there after this commit. */
  readonly apps: Iterable<string>;
  /** Apps that this commit hands over. */
  readonly handed: Readonly<Record<string, AppFacts>>;
  /** As `accountOf` of the fleet, but as the release that the site is on has it, as far as that is known. */
  readonly releasedAs: FleetFacts["accountOf"];
}

/** The meta file that the site is to have. */
export function siteMeta(input: MetaInput): SiteMeta {
  const { site, fleet, facts, assignment } = input;
  const { uid, formerUid } = assignment ?? {};
  const apps: Record<string, AppFacts> = {};
  for (const app of [...input.apps].toSorted()) {
    const said = appFacts(input, app);
    if (said !== undefined) apps[app] = said;
  }
  const hasAccount = Object.values(apps).some((one) => one.serviceAccountName !== undefined);
  return {
    fleet: fleet.fleet,
    site,
    region: facts.region,
    suspend: facts.suspend,
    apps,
    drift: fleet.drift,
    ...policiesOf(input),
    ...(uid === undefined ? {} : { uid }),
    ...(formerUid === undefined ? {} : { formerUid }),
    // Who passed over it would write as itself what the account may not.
    ...(hasAccount ? { mustKnow: ["apps.serviceAccountName"] } : {}),
  };
}

/** What is said of an app: as it was handed over, but for as whom it is written. */
function appFacts(
  { fleet, old, handed, releasedAs }: MetaInput,
  app: string,
): AppFacts | undefined {
  const before = own(old?.apps, app);
  const known = own(handed, app) ?? before;
  const told = fleet.accountOf(app);
  if (known === undefined) {
    const lost = told === undefined ? releasedAs(app) : told;
    return lost ? factsOfLost(lost) : undefined;
  }
  const { serviceAccountName: released, ...facts } = known;
  // One that leaves goes on as it was; where that is lost, as the release that is handed over had it.
  const kept = before === undefined ? released : before.serviceAccountName;
  const account = told === undefined ? kept : told?.name;
  return account === undefined ? facts : { ...facts, serviceAccountName: account };
}

/** What the mirror said of it is lost: without these words its worker would write as itself until the next release. */
function factsOfLost({ namespace, name }: FleetAccount): AppFacts {
  return { namespace, release: null, serviceAccountName: name };
}

function policiesOf({ fleet, old, apps }: MetaInput): Pick<SiteMeta, "policies"> {
  const policies: Record<string, AppPolicy> = {};
  for (const app of [...apps].toSorted()) {
    const told = fleet.policyOf(app);
    // One that leaves goes on as it was.
    const policy = told === undefined ? own(old?.policies, app) : told;
    if (policy !== null && policy !== undefined) policies[app] = policy;
  }
  return Object.keys(policies).length === 0 ? {} : { policies };
}
