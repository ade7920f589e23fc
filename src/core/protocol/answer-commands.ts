/** The command lines that an operator can answer with, as `flotilla rollout --help` has them. */
import type { HoldScope } from "./api.ts";
import type { NeededApproval } from "../rollout/planner-types.ts";

/** Gives the approval; two where one has to be chosen. */
export function approveCommands({ app, release, what, value }: NeededApproval): string[] {
  if (what === "promotion") return [rollout("promote", app, release, "--stage", value)];
  const choices = {
    stage: [["--stage", value]],
    deletions: [["--deletions", value]],
    verb: [
      ["--removal", "delete"],
      ["--removal", "orphan"],
    ],
  }[what];
  return choices.map((choice) => rollout("approve", app, release, ...choice));
}

/** Ends a hold. */
export function resumeCommand({ fleet, ...named }: HoldScope, release?: string): string {
  const at = release === undefined ? {} : { at: release };
  const options = Object.entries({ ...named, ...at }).flatMap(([key, name]) => [`--${key}`, name]);
  return rollout("resume", ...(fleet === true ? ["--fleet"] : []), ...options);
}

/** Hands a release over again where it failed. */
export function retryCommand(app: string, release: string): string {
  return rollout("retry", app, release);
}

/** Goes on without a site. */
export function excuseCommand(app: string, release: string, site: string): string {
  return rollout("excuse", app, release, "--site", site);
}

/** Goes on without a region whose worker is silent. */
export function excuseRegionCommand(region: string): string {
  return rollout("excuse", "--region", region);
}

function rollout(...words: readonly string[]): string {
  return `flotilla rollout ${words.map(quoted).join(" ")} --why "..."`;
}

/** Names need no quotes; anything else gets them, so that a pasted line is one command and no more. */
function quoted(word: string): string {
  return /^[\w.:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
