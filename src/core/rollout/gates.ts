/** Gates of a whole stage: what keeps it shut whatever its sites do. */
import { areDeletionsApproved, isStageApproved, removalVerb } from "./approvals.ts";
import type { Board } from "./board.ts";
import type { Block } from "./block.ts";
import { heldBlock, holdOn } from "./holds.ts";
import { own } from "./own.ts";
import type { NeededApproval } from "./planner-types.ts";
import type { FrozenStage, Release } from "./records.ts";
import { whyBack } from "./rollback/back-words.ts";
import { countOf } from "./words.ts";
import { type SiteView, standingTree, viewSite } from "./site-view.ts";

/** The first gate that is shut, over all releases that move as one. */
export function stageGate(
  board: Board,
  releases: readonly Release[],
  stage: FrozenStage,
): Block | null {
  for (const release of releases) {
    const block =
      goingBackBlock(release) ??
      stageHold(board, release, stage) ??
      standingGate(board, release) ??
      approvalBlock(release, stage);
    if (block !== null) return releases.length > 1 ? tiedBlock(block, releases, release) : block;
  }
  return null;
}

/** What a release needs consent for, whatever its stage. */
export function consentGate(release: Release): Block | null {
  return deletionsBlock(release) ?? verbBlock(release);
}

/** A removal needs consent for what stands, not for what is ordered to leave, or has left. */
function standingGate(board: Board, release: Release): Block | null {
  const block = consentGate(release);
  if (block === null || release.kind !== "removal") return block;
  return mayHaveStanding(board, release) ? block : null;
}

/** A release that goes back hands over nothing more and passes no stage. */
function goingBackBlock(release: Release): Block | null {
  if (release.goingBack === undefined) return null;
  return {
    code: "rolling-back",
    reason: `${release.id} goes back: ${whyBack(release)}`,
    endsWhen: "a newer commit replaces it, or an operator retries it",
  };
}

function mayHaveStanding({ input }: Board, release: Release): boolean {
  return Object.keys(release.list).some((site) => {
    const view = viewSite(input, release.app, site);
    return view.facts !== undefined && mayStandAt(release, view);
  });
}

/** What is to be ordered anew (a retry) stands too, whatever was ordered before. */
function mayStandAt({ handed, left }: Release, view: SiteView): boolean {
  if (standingTree(view.entry) !== undefined) return true;
  if (own(left, view.site) !== undefined) return false;
  if (view.entry !== undefined && own(handed, view.site) === undefined) return true;
  return view.isMoving || (view.entry === undefined && view.mirrorMayLack);
}

function neededFrom(
  { app, id }: Release,
  what: NeededApproval["what"],
  value: string,
): NeededApproval {
  return { app, release: id, what, value };
}

function stageHold(board: Board, release: Release, stage: FrozenStage): Block | null {
  const { app, kind, id, source, backTo, stages } = release;
  if (backTo !== undefined) return null;
  const hold = holdOn(board.input.control.holds, {
    app,
    kind,
    release: id,
    source,
    // Of those that move as one each has its own names for it.
    stage: stages.find(({ name }) => name === stage.name),
  });
  return hold === undefined ? null : heldBlock(hold);
}

function deletionsBlock(release: Release): Block | null {
  if (areDeletionsApproved(release)) return null;
  const { objects, needsApproval = "" } = release.deletions;
  return {
    code: "deletions",
    reason: `it deletes ${countOf(objects, "object")}: ${needsApproval}`,
    endsWhen: `an operator approves ${countOf(objects, "deletion")} of ${release.id}`,
    needs: neededFrom(release, "deletions", String(objects)),
  };
}

function verbBlock(release: Release): Block | null {
  if (release.kind !== "removal" || removalVerb(release) !== "hold") return null;
  return {
    code: "removal-verb",
    reason: "onRemoval is hold: its objects stay, and are repaired, until somebody decides",
    endsWhen: `an operator approves the removal ${release.id} as delete or orphan`,
    needs: neededFrom(release, "verb", ""),
  };
}

function approvalBlock(release: Release, stage: FrozenStage): Block | null {
  const isOpen = Object.hasOwn(release.opened, stage.name);
  if (!stage.approval || isOpen || isStageApproved(release, stage.name)) return null;
  return {
    code: "approval",
    reason: `stage ${stage.name} opens only with an approval`,
    endsWhen: `an operator approves stage ${stage.name} of ${release.id}`,
    needs: neededFrom(release, "stage", stage.name),
  };
}

function tiedBlock(block: Block, releases: readonly Release[], blocked: Release): Block {
  const others = releases.filter(({ id }) => id !== blocked.id).map(({ app }) => app);
  const names = [...new Set(others)].join(", ");
  return {
    ...block,
    reason: `${block.reason} (${blocked.app} moves together with ${names}: objects go from one to the other)`,
  };
}
