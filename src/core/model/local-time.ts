/** Times of day and dates without a time zone, as numbers of milliseconds: as if the clock showed UTC. */
const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;

/** `02:30` as milliseconds after midnight. Undefined when it is no time of day. */
export function parseTimeOfDay(text: string): number | undefined {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  return (Number(hour) * 60 + Number(minute)) * minuteMs;
}

/**
 * `2026-12-24` or `2026-12-24T18:00`. A date alone is its first moment, or where it is the `end` of something, the first
 * moment of the next day. Undefined when there is no such date.
 */
export function parseLocalTime(text: string, edge: "start" | "end"): number | undefined {
  const [date = "", time] = text.split("T");
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return undefined;
  if (time === undefined) return edge === "start" ? day : day + dayMs;
  const timeOfDay = parseTimeOfDay(time);
  return timeOfDay === undefined ? undefined : day + timeOfDay;
}

/** `Thu 2026-11-26 02:00`: a local time as people read it. */
export function localTimeInWords(local: number): string {
  const date = new Date(local);
  const weekDay = date.toUTCString().slice(0, 3);
  return `${weekDay} ${date.toISOString().slice(0, 16).replace("T", " ")}`;
}
