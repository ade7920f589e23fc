import { FleetError } from "../core/errors.ts";
import type { Diagnostic, Parsed } from "../core/model/diagnostic.ts";
import { describeError } from "./describe-error.ts";
import { awaitedHead } from "./control-loss.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import { shortId } from "./short-id.ts";
import type { Sources } from "./sources.ts";
import { isUndecided, type Rendering, type ValidHead } from "./rendering.ts";

/** What is to become of the newest head that was seen. */
export type HeadVerdict =
  | { readonly verdict: "nothing-new" }
  | { readonly verdict: "follow"; readonly head: ValidHead }
  | {
      readonly verdict: "refused";
      readonly commit: string;
      readonly reason: string;
      /** What is wrong in it; absent where the commit itself is fine. */
      readonly mistakes?: readonly Diagnostic[];
      /** It may be valid; that is tried again. */
      readonly isUndecided?: true;
    };

export interface JudgeInput {
  readonly seen: string | null;
  readonly control: ControlSnapshot;
  readonly rendering: Rendering;
  readonly sources: Pick<Sources, "isAncestor">;
}

/**
 * Decides whether a head may be followed: history is followed forwards only, unless an operator accepted that very
 * commit, and only a head without any error starts something.
 */
export async function judgeHead(input: JudgeInput): Promise<HeadVerdict> {
  const { seen, control } = input;
  const followed = control.state.head?.commit ?? null;
  if (seen === null || isFollowed(control, seen)) return { verdict: "nothing-new" };
  const isAccepted = control.accepted?.commit === seen;
  if (followed !== null && !isAccepted && !(await input.sources.isAncestor(followed, seen))) {
    const reason =
      `${shortId(seen)} does not descend from ${shortId(followed)}, the last head that was followed; ` +
      `to follow it nevertheless: flotilla rollout accept-head ${seen}`;
    return { verdict: "refused", commit: seen, reason };
  }
  return judgeContent(input, { seen, followed });
}

/** It is followed already; once control was recovered, it is to be followed once more. */
function isFollowed(control: ControlSnapshot, seen: string): boolean {
  return control.state.head?.commit === seen && awaitedHead(control) === undefined;
}

async function judgeContent(
  input: JudgeInput,
  { seen, followed }: { seen: string; followed: string | null },
): Promise<HeadVerdict> {
  const refusal = { verdict: "refused", commit: seen } as const;
  const head = await readHead(input, seen);
  if (head === "pending") return { verdict: "nothing-new" };
  if ("reason" in head) return { ...refusal, ...head };
  if (!head.ok) {
    const { diagnostics } = head;
    const mistakes = diagnostics.filter(({ severity }) => severity === "error");
    return { ...refusal, reason: describeMistakes(mistakes), mistakes };
  }
  const reason = await renamedFleet(input, followed, head.value);
  return reason === null ? { verdict: "follow", head: head.value } : { ...refusal, reason };
}

interface Unread {
  readonly reason: string;
  /** Nobody knows whether it is valid. */
  readonly isUndecided?: true;
}

/**
 * A commit with more files than are read is refused like any other mistake: in words; one that kustomize or Helm do not
 * decide waits, with the reason. What else goes wrong is thrown.
 */
async function readHead(
  { rendering }: JudgeInput,
  commit: string,
): Promise<Parsed<ValidHead> | "pending" | Unread> {
  try {
    return await rendering.newest(commit);
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    if (error.code === "INVALID_FLEET") return { reason: error.message };
    if (!isUndecided(error)) throw error;
    return { reason: describeError(error), isUndecided: true };
  }
}

/** Everything that a fleet owns in its clusters bears its name, so under another name nobody would own it. */
async function renamedFleet(
  { rendering }: JudgeInput,
  followed: string | null,
  head: ValidHead,
): Promise<string | null> {
  const before = followed === null ? null : await rendering.model(followed);
  if (followed === null || !before?.ok) return null;
  const { fleet } = head.model;
  const { name: old } = before.value.fleet.value.metadata;
  const { name } = fleet.value.metadata;
  if (name === old) return null;
  const { line, column } = fleet.at(["metadata", "name"]);
  return (
    `${fleet.file}:${line}:${column}: the fleet is called ${name}, but ${old} in ${shortId(followed)}, the last ` +
    `head that was followed: what ${old} owns in its clusters would be nobody's; call it ${old} again`
  );
}

/** The first mistake, with its place, and how many more there are. */
function describeMistakes(errors: readonly Diagnostic[]): string {
  const [first] = errors;
  if (first === undefined) return "the commit is not valid";
  const { file, line, column, message } = first;
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  const more = errors.length - 1;
  return `${place}: ${message}${more > 0 ? ` (and ${more} more error${more > 1 ? "s" : ""})` : ""}`;
}
