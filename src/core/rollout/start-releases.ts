/**
 * What a newly followed head begins. In: the state, and what the head renders to. Out: releases begun with lists and
 * stages frozen, candidates superseded, removals withdrawn, and the head itself, as one set of records. What the head
 * does not declare is forgotten, never removed; no commit grants what it needs itself, so budgets come from the head
 * before it.
 */
import { canonicalJson } from "../model/json.ts";
import { type AppBoard, change, changesOf, setCurrent } from "./board.ts";
import { grantedStrategy } from "./checks/release-checks.ts";
import { laterThan } from "./clock-back.ts";
import { controlPaths } from "./control-files.ts";
import type { StartInput, StartPlan } from "./planner-types.ts";
import { countDeletions } from "./start/count-deletions.ts";
import { unlistSites } from "./start/unlist-sites.ts";
import { beginLeaving, noteLeaving, noteReturned } from "./leaving-sites.ts";
import { forgetSites } from "./site-moves.ts";
import { refreshBudgets } from "./start/refresh-budgets.ts";
import { startCandidate } from "./start/start-candidate.ts";
import {
  overruleRemovals,
  withholdUnplaced,
  startRemoval,
  withdrawRemovals,
} from "./start/start-removal.ts";
import { startSiteRelease } from "./start/start-site-release.ts";
import { newStartRun, openListBudgets, type StartRun } from "./start/start-run.ts";

/** The changes to control with which a head begins to be followed. */
export function startReleases(given: StartInput): StartPlan {
  if (given.controlLost !== undefined) {
    return { changes: [], notes: [`nothing begins: ${given.controlLost}`], refused: [] };
  }
  const { input, begun } = beginLeaving(given);
  const run = newStartRun(input);
  noteLeaving(run.board, input.head, begun);
  noteReturned(run.board);
  forgetSites(run.board, input.entitledBefore);
  for (const app of run.board.apps.values()) startApp(run, app);
  countDeletions(run);
  followHead(run);
  return { changes: changesOf(run.board), notes: run.notes, refused: run.refused };
}

function startApp(run: StartRun, app: AppBoard): void {
  overruleRemovals(run, app);
  unlistSites(run, app);
  const returning = withdrawRemovals(run, app);
  startRemoval(run, app);
  startCandidate(run, app, returning);
  withholdUnplaced(run, app);
  if (run.input.control.head?.commit !== run.input.head) startSiteRelease(run, app);
  refreshBudgets(run, app);
  refreshOpenList(run, app);
}

/** The open list of an app that stays follows its strategy from head to head. */
function refreshOpenList({ input, board }: StartRun, app: AppBoard): void {
  if (app.current.release === null && app.current.partial.length === 0) return;
  if (!Object.hasOwn(input.desired, app.app)) return;
  const openList = openListBudgets(grantedStrategy(input, app.app));
  const known = app.current.openList;
  if (known !== undefined && canonicalJson(known) === canonicalJson(openList)) return;
  const why = `${app.app}: budgets of the open list`;
  setCurrent(board, app, { current: { ...app.current, openList }, why });
}

function followHead({ input, board }: StartRun): void {
  const known = input.control.head;
  if (known?.commit === input.head && input.awaitsHead === undefined) return;
  const before = known?.commit === input.head ? known.previous : known?.commit;
  const previous = before === undefined ? {} : { previous: before };
  // One that is followed after a recovery is told from those before by its time, and stays so: also where the clock goes back.
  const at = laterThan(laterThan(board.at, known?.at), input.awaitsHead?.since);
  const record = { commit: input.head, ...previous, at };
  change(board, controlPaths.head, { record, why: `follow ${input.head}` });
}
