/**
 * What the clocks of a time zone show, by the time zone data of the runtime. A local time is written as the number of
 * milliseconds that the same date and time of day would be in UTC.
 */
export interface ZoneClock {
  readonly timeZone: string;
  /** What the clock shows at a moment. */
  localAt(moment: number): number;
  /**
   * The first moment at which the clock shows this local time or a later one. So a time that is skipped when clocks go
   * forward is the moment in which they do, and of a time that comes twice it is the first.
   */
  firstMoment(local: number): number;
}

const dayMs = 86_400_000;

const clocks = new Map<string, ZoneClock>();

/**
 * The clock of a time zone of the IANA database; a RangeError where there is none of that name. They are kept, for to make
 * one costs a thousand times what it costs to look at it, and there are not many.
 */
export function zoneClock(timeZone: string): ZoneClock {
  const clock = clocks.get(timeZone) ?? newClock(timeZone);
  clocks.set(timeZone, clock);
  return clock;
}

function newClock(timeZone: string): ZoneClock {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const localAt = (moment: number): number => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(moment)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (moment % 1000);
  };
  return { timeZone, localAt, firstMoment: (local) => firstMoment(localAt, local) };
}

/** True where the runtime knows a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    return zoneClock(name).timeZone === name;
  } catch {
    return false;
  }
}

/** Offsets are below a day: the two that are in force a day before and after are all that may hold at a local time. */
function firstMoment(localAt: ZoneClock["localAt"], local: number): number {
  const offsets = [local - dayMs, local + dayMs].map((near) => localAt(near) - near);
  const shown = offsets
    .map((offset) => local - offset)
    .filter((moment) => localAt(moment) === local);
  if (shown.length > 0) return Math.min(...shown);
  return changeWithin(localAt, {
    before: local - Math.max(...offsets) - 1,
    after: local - Math.min(...offsets),
    local,
  });
}

/** The moment in which the clock jumps over a local time. */
function changeWithin(
  localAt: ZoneClock["localAt"],
  { before, after, local }: { before: number; after: number; local: number },
): number {
  let [early, late] = [before, after];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (localAt(middle) < local) early = middle;
    else late = middle;
  }
  return late;
}
