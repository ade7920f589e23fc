import { FleetError } from "../core/errors.ts";
import { textAt } from "../core/health/read-object.ts";
import type { Json } from "../core/model/json.ts";
import type { Inputs } from "./inputs.ts";

/** What set the workflow off. */
export interface TriggeringEvent {
  readonly name: string;
  readonly payload: Json;
  /** GITHUB_SHA. */
  readonly sha: string;
}

/** What is compared; `nothing`: why there is nothing to do. */
export type Comparison =
  | {
      /** null: from nothing. */
      readonly base: string | null;
      readonly head: string;
      /** What to tell about the choice. */
      readonly notes: readonly string[];
    }
  | { readonly nothing: string };

const noCommit = /^0+$/;
const commitId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The revisions that an event is about: `base` and `head` of the inputs win. */
export function comparedCommits(event: TriggeringEvent, { base, head }: Inputs): Comparison {
  refuseUnsafe(event.name);
  if (base !== undefined) return { base, head: head ?? shaOf(event), notes: [] };
  const found = byEvent(event);
  return head === undefined || "nothing" in found ? found : { ...found, head };
}

/** They run with secrets and the right to write, and show what strangers wrote: people expect neither of a preview. */
function refuseUnsafe(name: string): void {
  if (name !== "pull_request_target" && name !== "workflow_run") return;
  throw new FleetError("USAGE", `the Action does not run on ${name}`, {
    hint: "use pull_request: it needs no secret, and works for forks",
    retry: "never",
  });
}

function byEvent(event: TriggeringEvent): Comparison {
  const { name, payload } = event;
  // GITHUB_SHA is the merge of the pull request into its target: what merging would make of the target now.
  if (name === "pull_request") return { base: `${shaOf(event)}^`, head: shaOf(event), notes: [] };
  if (name === "merge_group") {
    const [base, head] = [
      commit(payload, "merge_group", "base_sha"),
      commit(payload, "merge_group", "head_sha"),
    ];
    return { base, head, notes: [] };
  }
  if (name === "push") return pushed(payload);
  throw new FleetError("USAGE", "this event names no commit to compare with", {
    hint: "give the input base, or use pull_request, merge_group or push",
    retry: "never",
  });
}

function pushed(payload: Json): Comparison {
  const [before, after] = [commit(payload, "before"), commit(payload, "after")];
  if (noCommit.test(after)) return { nothing: "the branch was deleted" };
  if (!noCommit.test(before)) return { base: before, head: after, notes: [] };
  const note =
    "the branch is new, so that all is planned from nothing; the input base names another";
  return { base: null, head: after, notes: [note] };
}

function shaOf({ sha }: TriggeringEvent): string {
  if (commitId.test(sha)) return sha;
  throw unreadable("GITHUB_SHA");
}

function commit(payload: Json, ...path: readonly string[]): string {
  const found = textAt(payload, ...path);
  if (commitId.test(found)) return found;
  throw unreadable(path.join("."));
}

function unreadable(what: string): FleetError {
  return new FleetError("USAGE", `${what} is no commit`, {
    hint: "run it as a step of a GitHub workflow",
    retry: "never",
  });
}
