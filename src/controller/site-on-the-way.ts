/** A site that leaves the fleet, goes to another mirror or was forgotten, in words: for status and explain. Pure. */
import type { TreeId } from "../core/render/rendered.ts";
import { awaitedWord, hasLetGo } from "../core/rollout/cluster-owners.ts";
import { own } from "../core/rollout/own.ts";
import type { ControlState } from "../core/rollout/planner-types.ts";
import { clusterCommand, readableTimes } from "../core/rollout/words.ts";
import { shortId } from "./short-id.ts";

/** What a site that is in no mirror has in its cluster meanwhile, and where it goes. */
export interface OnTheWay {
  readonly trees: Readonly<Record<string, TreeId>>;
  /** `from west to east`, `back to west`. */
  readonly words: string;
}

/** undefined: it goes nowhere, or the fleet does not have it. */
export function onTheWay(
  { sites }: ControlState,
  site: string,
  declared: ReadonlyMap<string, unknown>,
): OnTheWay | undefined {
  const assignment = own(sites, site);
  if (assignment?.moving === undefined || !declared.has(site)) return undefined;
  const { mirror, moving } = assignment;
  const words = moving.to === mirror ? `back to ${mirror}` : `from ${mirror} to ${moving.to}`;
  return { trees: moving.trees, words };
}

/**
 * Why a mirror may lack what its worker follows. `report`: that was not heard since the controller started; `commit`: it
 * has a newer one; `mirror`: it cannot be read. null: it lacks nothing.
 */
export type Awaited = "report" | "commit" | "mirror" | null;

/** What stands of a site in its mirror. */
export interface Remains {
  readonly apps: readonly string[];
  readonly awaits: Awaited;
}

/** By what a site leaves the fleet, what is still there, and what is to be said where its cluster is gone; undefined: it stays. */
export function leavingLines(
  { sites }: ControlState,
  site: string,
  { apps, awaits }: Remains,
): readonly string[] | undefined {
  const { leaving, uid, mirror = "" } = own(sites, site) ?? {};
  if (leaving === undefined) return undefined;
  const since = `since commit ${shortId(leaving.head)}, which does not declare it`;
  return [
    `${site} leaves the fleet ${since}: its apps leave it, then it is forgotten`,
    apps.length === 0 ? emptiedInWords(mirror, awaits) : `still there: ${apps.join(", ")}`,
    `where its cluster is gone for good, ${clusterCommand(site, uid)} forgets it as it is`,
  ];
}

function emptiedInWords(mirror: string, awaits: Awaited): string {
  const unknown = "nothing is known to be there, but";
  switch (awaits) {
    case null:
      return "nothing is there any more";
    case "report":
      return `${unknown} the worker of ${mirror} has not reported since the controller started: it is forgotten when that does, or when an operator excuses the region`;
    case "commit":
      return `${unknown} the worker of ${mirror} has a newer commit than this mirror: it is forgotten when that is here, or, while the worker is silent, when an operator excuses the region`;
    case "mirror":
      return `${unknown} the mirror of ${mirror} cannot be read: it is forgotten when it can, and \`flotilla status\` says what to do`;
  }
  return awaits satisfies never;
}

/** That the fleet does not have the site any more, and who may still write there; undefined: control knows nothing of it. */
export function forgottenInWords(control: ControlState, site: string): string | undefined {
  const assignment = own(control.sites, site);
  const { forgotten } = assignment?.moving ?? {};
  if (assignment === undefined || forgotten === undefined) return undefined;
  if (!hasLetGo(assignment)) return awaitedWord(control, site);
  const apps = Object.keys(assignment.moving?.trees ?? {}).join(", ");
  const known = apps === "" ? ", which is not known here," : ` (${apps})`;
  return readableTimes(
    `${site} is no longer in the fleet: since ${forgotten} what it had${known} is left alone`,
  );
}
