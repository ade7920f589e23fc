/**
 * When windows are open. In: windows that must all be open, the clock of each, a moment; out: whether they are open
 * then, and if not, when next. A window is open while one of its times runs and no closed period does.
 */
import type { ZoneClock } from "../../model/zone-clock.ts";

/** A time that comes again: on these days of the week (0: Sunday), so long after midnight. */
export interface OpenTime {
  readonly days: ReadonlySet<number>;
  readonly startMs: number;
  readonly durationMs: number;
}

/** A period of the calendar, in local time: from its first moment until, and without, its last. */
export interface ClosedTime {
  readonly from: number;
  readonly until: number;
  readonly why: string;
  /** It also holds what comes to a site for the first time. */
  readonly all: boolean;
}

/** When one window is open; `open` null: always, outside of `closed`. */
export interface WindowTimes {
  readonly open: readonly OpenTime[] | null;
  readonly closed: readonly ClosedTime[];
}

export interface ClockedWindow extends WindowTimes {
  readonly clock: ZoneClock;
}

/** `at` is the moment asked for, where all are open then; else the next one; else until when they count as never open. */
export interface Opening {
  readonly at: number;
  readonly isOpen: boolean;
}

const dayMs = 86_400_000;

/**
 * How often the next opening of one window may fall outside of another, over more than a week, before they count as never
 * open together for as long as no clock changes.
 */
const [fewTries, mostTries] = [64, 2000];
const repeatsAfterMs = 8 * dayMs;
/** So many changes of clocks are looked beyond, and so far for each: summer and winter in two zones. */
const mostSeasons = 5;
const longestSeasonMs = 370 * dayMs;

/** What was found last, by windows: the moments from which the same is found. Long ones are asked at each plan. */
const found = new Map<string, { readonly from: number; readonly opening: Opening }>();
const mostFound = 200;

/**
 * The first moment, not before `from`, in which all windows are open. Where they are never open together, that counts until
 * the next day begins, and is looked for anew then.
 */
export function nextOpening(windows: readonly ClockedWindow[], from: number): Opening {
  if (possibleAt(windows, from) === from) return { at: from, isOpen: true };
  const key = textOf(windows);
  const known = found.get(key);
  if (known !== undefined && known.from <= from && from < known.opening.at) return known.opening;
  const opening = lookForOpening(windows, from);
  const told = opening.isOpen ? opening : { at: nextDay(from), isOpen: false };
  if (found.size >= mostFound) found.clear();
  found.set(key, { from, opening: told });
  return told;
}

function nextDay(at: number): number {
  return (Math.floor(at / dayMs) + 1) * dayMs;
}

function textOf(windows: readonly ClockedWindow[]): string {
  const texts = windows.map(({ clock, open, closed }) => {
    const times = open?.map((time) => ({ ...time, days: [...time.days] })) ?? null;
    return [clock.timeZone, times, closed.map(({ from, until }) => [from, until])];
  });
  return JSON.stringify(texts);
}

function lookForOpening(windows: readonly ClockedWindow[], from: number): Opening {
  let opening = openingBefore(windows, from);
  for (let season = 1; season < mostSeasons && !opening.isOpen; season += 1) {
    const change = nextClockChange(windows, opening.at);
    if (change === undefined) break;
    opening = openingBefore(windows, change);
  }
  return opening;
}

function openingBefore(windows: readonly ClockedWindow[], from: number): Opening {
  let at = from;
  const isWorthIt = (tries: number): boolean =>
    tries < fewTries || (tries < mostTries && at < from + repeatsAfterMs);
  for (let tries = 0; isWorthIt(tries); tries += 1) {
    const next = possibleAt(windows, at);
    if (next === at) return { at, isOpen: true };
    at = next;
  }
  return { at, isOpen: false };
}

/** `at` where all are open then; else a later moment before which they are not. */
function possibleAt(windows: readonly ClockedWindow[], at: number): number {
  return Math.max(at, ...windows.map((window) => possibleFrom(window, at)));
}

/** A moment at most a day before one of the clocks goes forward or back for the next time. */
function nextClockChange(windows: readonly ClockedWindow[], from: number): number | undefined {
  const offsets = (at: number): string =>
    windows.map(({ clock }) => clock.localAt(at) - at).join(" ");
  const now = offsets(from);
  for (let at = from; at < from + longestSeasonMs; at += dayMs) {
    if (offsets(at + dayMs) !== now) return at;
  }
  return undefined;
}

/** The closed period that runs at a moment, if one does. */
export function closedAt({ clock, closed }: ClockedWindow, at: number): ClosedTime | undefined {
  return closed.find(
    ({ from, until }) => clock.firstMoment(from) <= at && at < clock.firstMoment(until),
  );
}

/** True while one of its times runs, closed or not. */
export function runsAt(window: ClockedWindow, at: number): boolean {
  return runningFrom(window, at) === at;
}

/** `at` where the window is open then; else a later moment before which it is not. */
function possibleFrom(window: ClockedWindow, at: number): number {
  const closed = closedAt(window, at);
  return closed === undefined ? runningFrom(window, at) : window.clock.firstMoment(closed.until);
}

function runningFrom({ open, clock }: ClockedWindow, at: number): number {
  if (open === null) return at;
  return Math.min(...open.map((time) => timeFrom(time, clock, at)));
}

/** The first moment, not before `at`, in which this time runs. */
function timeFrom({ days, startMs, durationMs }: OpenTime, clock: ZoneClock, at: number): number {
  const today = Math.floor(clock.localAt(at) / dayMs);
  for (let day = today - Math.ceil(durationMs / dayMs) - 1; ; day += 1) {
    if (!days.has(weekDay(day))) continue;
    const start = clock.firstMoment(day * dayMs + startMs);
    if (start + durationMs > at) return Math.max(start, at);
  }
}

/** Of a day counted from 1 January 1970, which was a Thursday. */
function weekDay(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}
