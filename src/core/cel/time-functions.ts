import { type CelFunc, celMethod, CelScalar, objectType } from "@bufbuild/cel";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { zoneClock } from "../model/zone-clock.ts";

const dayMs = 86_400_000;

/** In milliseconds: before it every time zone has the one offset of its place's sun. */
const firstAsked = Date.UTC(1000);

/** What is read off the clock of a time zone; it is given as a date whose UTC fields show what that clock shows. */
const readings: Readonly<Record<string, (local: Date) => number>> = {
  getFullYear: (local) => local.getUTCFullYear(),
  getMonth: (local) => local.getUTCMonth(),
  getDate: (local) => local.getUTCDate(),
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDayOfWeek: (local) => local.getUTCDay(),
  getDayOfYear: dayOfYear,
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
  getMilliseconds: (local) => local.getUTCMilliseconds(),
};

/** Functions of timestamps, as CEL has them. The library's own ask the time zone of the machine. */
export function timeFunctions(): CelFunc[] {
  const { INT, STRING } = CelScalar;
  const timestamp = objectType(TimestampSchema);
  return Object.entries(readings).flatMap(([name, read]) => [
    celMethod(name, timestamp, [], INT, function () {
      return BigInt(read(new Date(momentOf(this.message))));
    }),
    celMethod(name, timestamp, [STRING], INT, function (zone) {
      const moment = momentOf(this.message);
      return BigInt(read(new Date(moment + offsetAt(moment, zone))));
    }),
  ]);
}

/** In milliseconds, the rest of one left out. */
function momentOf({
  seconds,
  nanos,
}: {
  readonly seconds: bigint;
  readonly nanos: number;
}): number {
  return Number(seconds) * 1000 + Math.floor(nanos / 1_000_000);
}

function dayOfYear(local: Date): number {
  const firstDay = new Date(local).setUTCMonth(0, 1);
  return Math.round((local.getTime() - firstDay) / dayMs);
}

const fixedOffset = /^(?<sign>[+-]?)(?<hours>[01]\d|2[0-3]):(?<minutes>[0-5]\d)$/;

/** What a clock of the zone is ahead of UTC, in milliseconds. */
function offsetAt(moment: number, zone: string): number {
  const fixed = fixedOffset.exec(zone)?.groups;
  if (fixed !== undefined) {
    const minutes = Number(fixed["hours"]) * 60 + Number(fixed["minutes"]);
    return (fixed["sign"] === "-" ? -minutes : minutes) * 60_000;
  }
  const asked = Math.max(Math.floor(moment / 1000) * 1000, firstAsked);
  return namedZone(zone).localAt(asked) - asked;
}

/** Runtimes differ in what else than names they take. Their case is no matter, and a clock is kept for each name. */
function namedZone(zone: string): ReturnType<typeof zoneClock> {
  try {
    if (/^[a-z]/i.test(zone)) return zoneClock(zone.toLowerCase());
  } catch {
    // told below
  }
  const shown = zone.length > 60 ? `${zone.slice(0, 60)}…` : zone;
  throw new Error(`"${shown}" is no time zone such as "Europe/Berlin" or "+02:00"`);
}
