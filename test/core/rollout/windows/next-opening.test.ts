import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zoneClock } from "../../../../src/core/model/zone-clock.ts";
import {
  type ClockedWindow,
  type ClosedTime,
  nextOpening,
  type OpenTime,
} from "../../../../src/core/rollout/windows/next-opening.ts";
import { cpuTime } from "../../../support/cpu-time.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const zones = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe", // half an hour of summer time
  "Asia/Kathmandu", // 5 h 45 min from UTC
  "America/Santiago", // changes at midnight
  "Pacific/Apia", // left a whole day out in December 2011
  "Africa/Casablanca", // summer time is suspended in Ramadan
  "UTC",
];
const everyDay = new Set([0, 1, 2, 3, 4, 5, 6]);
const clocks = new Map(zones.map((zone) => [zone, zoneClock(zone)]));

const clockOf = (zone: string): ReturnType<typeof zoneClock> => clocks.get(zone) ?? zoneClock(zone);

/** `02:30` every day for so long, in a zone. */
const daily = (zone: string, startMs: number, durationMs: number): ClockedWindow => ({
  clock: clockOf(zone),
  open: [{ days: everyDay, startMs, durationMs }],
  closed: [],
});

const openings = (window: ClockedWindow, from: string, most: number): string[] => {
  const found: string[] = [];
  let at = Date.parse(from);
  const [time] = window.open ?? [];
  while (found.length < most) {
    ({ at } = nextOpening([window], at));
    found.push(new Date(at).toISOString().slice(0, 16));
    at += time?.durationMs ?? 0;
  }
  return found;
};

describe("the next opening", () => {
  it("keeps to the clock of the place, in summer and winter", () => {
    const window = daily("Europe/Berlin", 2 * hour, hour);
    expect(openings(window, "2026-01-10T12:00Z", 1)).toEqual(["2026-01-11T01:00"]);
    expect(openings(window, "2026-07-10T12:00Z", 1)).toEqual(["2026-07-11T00:00"]);
  });

  it("begins at the change where the hour is left out, and once where it comes twice", () => {
    const window = daily("Europe/Berlin", 2.5 * hour, hour);
    // 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC. 25 October: 03:00 becomes 02:00 at 01:00 UTC.
    expect(openings(window, "2026-03-28T12:00Z", 2)).toEqual([
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
    expect(openings(window, "2026-10-24T12:00Z", 2)).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
  });

  it("tells a moment inside of a window as open, and the end as not", () => {
    const window = daily("UTC", 2 * hour, hour);
    const at = Date.parse("2026-01-10T02:59:59Z");
    expect(nextOpening([window], at)).toEqual({ at, isOpen: true });
    expect(nextOpening([window], at + 1000).at).toBe(Date.parse("2026-01-11T02:00Z"));
  });

  it("lasts over midnight, and over days", () => {
    const weekend: ClockedWindow = {
      clock: clockOf("UTC"),
      open: [{ days: new Set([6]), startMs: 22 * hour, durationMs: 30 * hour }],
      closed: [],
    };
    const monday = Date.parse("2026-01-12T03:59Z");
    expect(nextOpening([weekend], monday)).toEqual({ at: monday, isOpen: true });
    expect(nextOpening([weekend], monday + minute).at).toBe(Date.parse("2026-01-17T22:00Z"));
  });

  it("is after every closed period, and where all windows are open", () => {
    const nights: ClockedWindow = {
      ...daily("UTC", 2 * hour, 2 * hour),
      closed: [
        { from: Date.UTC(2026, 0, 11), until: Date.UTC(2026, 0, 14, 3), why: "", all: false },
      ],
    };
    const late = daily("UTC", 3.5 * hour, 4 * hour);
    const from = Date.parse("2026-01-10T12:00Z");
    expect(nextOpening([nights], from).at).toBe(Date.parse("2026-01-14T03:00Z"));
    expect(nextOpening([nights, late], from).at).toBe(Date.parse("2026-01-14T03:30Z"));
  });

  it("says so when windows are never open together", () => {
    const windows = [daily("UTC", 2 * hour, hour), daily("UTC", 4 * hour, hour)];
    expect(nextOpening(windows, Date.parse("2026-01-10T12:00Z")).isOpen).toBe(false);
  });
});

/** What the clock shows, for every minute from the first on. Clocks change on the quarter of an hour. */
function minutesOf(zone: string, first: number, count: number): number[] {
  const clock = clockOf(zone);
  const quarters = Array.from({ length: Math.ceil(count / 15) }, (_, index) =>
    clock.localAt(first + index * 15 * minute),
  );
  return quarters.flatMap((local) =>
    Array.from({ length: 15 }, (_, index) => local + index * minute),
  );
}

/** Minute by minute: open where a time has begun, by the first minute that shows it or a later one, and still runs. */
function scan(
  shown: readonly number[],
  { open, closed }: { open: readonly OpenTime[]; closed: readonly ClosedTime[] },
): boolean[] {
  const isOpen = shown.map(() => false);
  const firstAt = (local: number): number => shown.findIndex((at) => at >= local);
  const lastDay = Math.floor(Math.max(...shown) / day);
  for (let index = Math.floor((shown[0] ?? 0) / day) + 1; index <= lastDay; index += 1) {
    for (const { days, startMs, durationMs } of open) {
      const begin = firstAt(index * day + startMs);
      if (!days.has(new Date(index * day).getUTCDay()) || begin < 0) continue;
      isOpen.fill(true, begin, begin + durationMs / minute);
    }
  }
  for (const { from, until } of closed) {
    const [begin, end] = [firstAt(from), firstAt(until)];
    if (begin >= 0) isOpen.fill(false, begin, end < 0 ? undefined : end);
  }
  return isOpen;
}

describe("against a clock that is read every minute", () => {
  const scanDays = 24;
  const openTime = fc.record({
    days: fc
      .uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 })
      .map((all) => new Set(all)),
    startMs: fc.integer({ min: 0, max: 1439 }).map((minutes) => minutes * minute),
    durationMs: fc.integer({ min: 1, max: 3000 }).map((minutes) => minutes * minute),
  });
  /** Days around which clocks change somewhere, and any. */
  const firstDay = fc.oneof(
    fc
      .constantFrom("2026-03-08", "2026-03-29", "2026-04-05", "2026-09-06", "2026-10-04")
      .map(Date.parse),
    fc
      .constantFrom("2026-10-25", "2026-11-01", "2011-12-30", "2026-02-15", "2026-03-22")
      .map(Date.parse),
    fc
      .integer({ min: 2000, max: 2036 })
      .chain((year) =>
        fc.integer({ min: 0, max: 364 }).map((of) => Date.UTC(year, 0, 1) + of * day),
      ),
  );

  const scene = fc.record({
    zone: fc.constantFrom(...zones),
    middle: firstDay,
    open: fc.array(openTime, { minLength: 1, maxLength: 3 }),
    periods: fc.array(fc.tuple(fc.nat(scanDays * 1440), fc.integer({ min: 1, max: 9000 })), {
      maxLength: 2,
    }),
    offset: fc.integer({ min: 4 * 1440, max: 14 * 1440 }),
  });

  it("opens in the same minute, in every zone, also where clocks change", () => {
    fc.assert(
      fc.property(scene, ({ zone, middle, open, periods, offset }) => {
        const first = middle - 10 * day;
        const shown = minutesOf(zone, first, scanDays * 1440);
        const closed = periods.map(([after, lasts]) => {
          const from = first + after * minute;
          return { from, until: from + lasts * minute, why: "", all: false };
        });
        const next = scan(shown, { open, closed }).indexOf(true, offset);
        const window = { clock: clockOf(zone), open, closed };
        const opening = nextOpening([window], first + offset * minute);
        const beyond = first + scanDays * day;
        expect(opening.isOpen ? Math.min(opening.at, beyond) : beyond).toBe(
          next < 0 ? beyond : first + next * minute,
        );
      }),
      { numRuns: 80 },
    );
  }, 60_000);
});

describe("windows of two clocks that are together in summer alone", () => {
  it("open together then, however long that is away", () => {
    const windows = [
      daily("America/New_York", 3 * hour + 20 * minute, 10 * minute),
      daily("UTC", 7 * hour + 20 * minute, 10 * minute),
    ];
    for (const from of ["2030-01-05", "2029-11-10", "2030-03-09T12:00:00Z"]) {
      const opening = nextOpening(windows, Date.parse(from));
      expect(opening.isOpen).toBe(true);
      expect(new Date(opening.at).toISOString()).toBe("2030-03-10T07:20:00.000Z");
    }
  });

  it("are looked for once, however often they are asked for until then", () => {
    const quarters = (after: number): ClockedWindow => ({
      ...daily("Asia/Kathmandu", after, 15 * minute),
      open: Array.from({ length: 24 }, (_, index) => ({
        days: everyDay,
        startMs: index * hour + after,
        durationMs: 15 * minute,
      })),
    });
    const windows = [quarters(0), quarters(30 * minute)];
    const from = Date.parse("2030-01-05T01:20:00Z");
    const first = cpuTime(() => expect(nextOpening(windows, from).isOpen).toBe(false));
    const others = cpuTime(() => {
      for (let after = 1; after <= 20; after += 1) {
        const again = [quarters(0), quarters(30 * minute)];
        expect(nextOpening(again, from + after * minute).isOpen).toBe(false);
      }
    });
    expect(others).toBeLessThan(first);
  });

  it("and windows that are never together are told to be so", () => {
    const windows = [
      daily("America/New_York", 3 * hour, 10 * minute),
      daily("Asia/Kathmandu", 3 * hour, 10 * minute),
    ];
    expect(nextOpening(windows, Date.parse("2030-01-05")).isOpen).toBe(false);
  });
});
