/** What MaintenanceWindows hold at a site now, and when that ends. */
import { localTimeInWords } from "../../model/local-time.ts";
import { zoneClock } from "../../model/zone-clock.ts";
import type { Block } from "../block.ts";
import { type Board, isoTime, wakeAt } from "../board.ts";
import type { WindowRule } from "../planner-types.ts";
import type { Release } from "../records.ts";
import type { SiteView } from "../site-view.ts";
import { ignoresWindows } from "../urgent.ts";
import { type ClockedWindow, closedAt, nextOpening, runsAt } from "./next-opening.ts";

/** What a plan has worked out already. */
export interface WindowMemory {
  readonly blocks: Map<string, Block | null>;
  /** Of all windows, those that count for an app, by the names that its strategy has of them. */
  readonly counting: Map<readonly string[], readonly CountingRule[]>;
}

interface CountingRule {
  readonly rule: WindowRule;
  readonly position: number;
}

const noNames: readonly string[] = [];

/**
 * What stops a hand-over to the site now: of every window that speaks of site and app, one of its times has to run and
 * no closed period. `names`: the windows of the app's strategy; `isFirst`: the app comes to a site where it is not yet,
 * by the open list, which only what is closed for `all` stops. Null: it may go.
 */
export function windowBlock(
  board: Board,
  { facts }: SiteView,
  {
    names = noNames,
    isFirst = false,
  }: { names?: readonly string[] | undefined; isFirst?: boolean },
): Block | null {
  if (facts === undefined) return null;
  const counting = countingRules(board, names);
  const ruling = counting.filter(({ rule }) => rule.matches(facts.labels));
  if (ruling.length === 0) return null;
  const zone = facts.timeZone ?? "UTC";
  const key = JSON.stringify([zone, isFirst, ruling.map(({ position }) => position)]);
  const { blocks } = board.windows;
  const known = blocks.get(key);
  if (known !== undefined) return known;
  const rules = ruling.map(({ rule }) => (isFirst ? forArrivals(rule) : rule));
  const block = shutBlock(board, rules, zone);
  blocks.set(key, block);
  return block;
}

function countingRules(
  { input, windows }: Board,
  names: readonly string[],
): readonly CountingRule[] {
  const known = windows.counting.get(names);
  if (known !== undefined) return known;
  const named = new Set(names);
  const counting = (input.budgets.windows ?? []).flatMap((rule, position) =>
    rule.everyApp || named.has(rule.name) ? { rule, position } : [],
  );
  windows.counting.set(names, counting);
  return counting;
}

/** What stops a hand-over of a release to the site now: nothing, where it goes back, or is urgent and may. */
export function releaseWindowBlock(board: Board, view: SiteView, release: Release): Block | null {
  if (release.backTo !== undefined || ignoresWindows(release)) return null;
  return windowBlock(board, view, { names: release.windows });
}

function forArrivals(rule: WindowRule): WindowRule {
  return { ...rule, open: null, closed: rule.closed.filter(({ all }) => all) };
}

function shutBlock(board: Board, rules: readonly WindowRule[], zone: string): Block | null {
  const { now } = board.input;
  const windows = rules.map((rule) => ({ ...rule, clock: zoneClock(rule.timeZone ?? zone) }));
  const opening = nextOpening(windows, now);
  if (opening.isOpen && opening.at === now) return null;
  wakeAt(board, opening.at);
  const clock = zoneClock(zone);
  return {
    code: "window",
    reason: [...new Set(windows.flatMap((window) => shutWords(window, now)))].join("; "),
    endsWhen: opening.isOpen
      ? `${isoTime(opening.at)} (${localTimeInWords(clock.localAt(opening.at))} in ${zone})`
      : "a commit changes the windows: as far as can be seen they are never open together",
  };
}

/** Why one window is not open; nothing where it is. */
function shutWords(window: ClockedWindow & { readonly name: string }, now: number): string[] {
  const closed = closedAt(window, now);
  if (closed !== undefined) {
    const until = `${localTimeInWords(closed.until)} in ${window.clock.timeZone}`;
    const why = closed.why === "" ? "" : `: ${closed.why}`;
    return [`window ${window.name} is closed until ${until}${why}`];
  }
  return runsAt(window, now) ? [] : [`window ${window.name} is not open`];
}
