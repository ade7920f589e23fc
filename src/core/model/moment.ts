/** Moments as people write them: date, time and offset from UTC, as RFC 3339 has it. */
import { parseLocalTime } from "./local-time.ts";

const form =
  /^(?<date>\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** `2026-11-27T22:00:00+09:00` in ms since 1970; seconds may be left out. Undefined when there is no such moment. */
export function parseMoment(text: string): number | undefined {
  const date = form.exec(text)?.groups?.["date"];
  if (date === undefined) return undefined;
  return parseLocalTime(date, "start") === undefined ? undefined : Date.parse(text);
}
