/**
 * Carries out the Decisions that a new head declares, before anything that it starts: so none of them counts for a release
 * of its own commit. Each is one commit on control, in the name of who committed the file, with what became of it.
 */
import {
  carriedChange,
  type DeclaredDecision,
  declaredDecisions,
  declaredHold,
  endHold,
  goneDecisions,
  holdOf,
  newDecisions,
  spokenDecision,
} from "../core/rollout/declared-decisions.ts";
import type { DecisionResult, Word } from "../core/rollout/decision-result.ts";
import { controlPaths } from "../core/rollout/control-files.ts";
import type { ControlChange } from "../core/rollout/planner-types.ts";
import { commitToControl, controllerAuthor, unprovenName } from "./control-commit.ts";
import { awaitedHead } from "./control-loss.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import { decisionResult } from "./decide.ts";
import type { ValidHead } from "./rendering.ts";
import { isoTime } from "./silences.ts";
import type { World } from "./world.ts";

/** Carries out what is new, and ends what has gone. REF_RACE: another writer was first, read again. */
export async function carryOutDeclared(
  world: World,
  control: ControlSnapshot,
  head: ValidHead,
): Promise<ControlSnapshot> {
  const declared = declaredDecisions(head.model);
  let next = control;
  for (const decision of newDecisions(control.state, declared)) {
    next = await carryOut(world, next, { decision, head: head.commit });
  }
  const gone = goneDecisions(next.state, { declared, head: head.commit });
  if (gone.length === 0) return next;
  const subject = gone[0]?.why ?? "";
  const at = world.clock.now();
  return commitToControl(world, next, { changes: gone, subject, author: controllerAuthor, at });
}

interface Case {
  readonly decision: DeclaredDecision;
  readonly head: string;
}

async function carryOut(
  world: World,
  control: ControlSnapshot,
  { decision, head }: Case,
): Promise<ControlSnapshot> {
  const author = await world.sources.authorOf(head, decision.file);
  const at = world.clock.now();
  const word = { by: unprovenName(author.name), at: isoTime(at) };
  const result = await resultOf(world, control, { decision, word });
  const { message } = result;
  const outcome = result.ok ? "done" : "refused";
  const record = {
    at: word.at,
    by: word.by,
    commit: author.commit,
    outcome,
    message: result.ok || result.hint === "" ? message : `${message}; ${result.hint}`,
  } as const;
  const carried = carriedChange(decision, record);
  const old = holdOf(control.state.holds, decision.name);
  const ends: ControlChange[] = old === undefined ? [] : endHold(old, { head, why: carried.why });
  const changes = new Map(
    [...ends, ...(result.ok ? result.changes : []), carried].map((change) => [change.path, change]),
  );
  const reason = `decision ${decision.name} was refused: ${message}`;
  const refusal = { event: "refused", source: head, reason } as const;
  world.logger.info("declared decision", { decision: decision.name, outcome, message });
  return commitToControl(world, control, {
    changes: [...changes.values()],
    events: result.ok || knowsNothing(control) ? [] : [refusal],
    subject: `${carried.why}: ${decision.spec.why}`,
    author: word.by,
    at,
  });
}

/** Before anything is known of releases, or after that was lost: what such a head says may be long past. */
function knowsNothing(control: ControlSnapshot): boolean {
  return control.state.head === null || awaitedHead(control) !== undefined;
}

/** A hold always counts. Before anything is known of releases, or after that was lost, nothing else can be meant. */
async function resultOf(
  world: World,
  control: ControlSnapshot,
  { decision, word }: { decision: DeclaredDecision; word: Word },
): Promise<DecisionResult> {
  const hold = declaredHold(decision, word);
  if (hold !== undefined) {
    const change = { path: controlPaths.hold(hold.id), record: hold, why: hold.why };
    return { ok: true, changes: [change], message: "it holds" };
  }
  const spoken = spokenDecision(decision.spec);
  if (spoken === undefined || knowsNothing(control)) {
    const message = "no release was known when its commit was followed";
    return { ok: false, code: "conflict", message, hint: "" };
  }
  return decisionResult(world, control, { decision: spoken, word });
}
