/** Rules of MaintenanceWindows and of time zones that a schema cannot say. */
import type { Diagnostic } from "./diagnostic.ts";
import { parseDuration } from "./duration.ts";
import { type Entry, errorAt, type FleetDraft, warningAt } from "./fleet-draft.ts";
import { FollowedFindings } from "./followed-results.ts";
import type { MaintenanceWindow, Region, Site } from "./kinds.ts";
import { parseLocalTime } from "./local-time.ts";
import type { FieldPath } from "./yaml-places.ts";
import { isTimeZone } from "./zone-clock.ts";
import { shortText } from "./short-text.ts";

type Zoned = Region | Site | MaintenanceWindow;

const longestOpenMs = 7 * 24 * 3_600_000;

const followed = new FollowedFindings<Entry<Zoned>, Diagnostic>();

export function checkWindows({ regions, sites, windows }: FleetDraft): Diagnostic[] {
  const zones = [regions, sites, windows].flatMap((entries) => [
    ...followed.get(entries, [], checkTimeZone).values(),
  ]);
  return [...zones, ...[...windows.values()].flatMap(checkWindow)];
}

/** Windows that neither the Fleet nor a strategy names: they hold nothing. */
export function warnOfWindows({ fleet, strategies, windows }: FleetDraft): Diagnostic[] {
  const named = new Set([
    ...(fleet?.value.spec.windows ?? []),
    ...[...strategies.values()].flatMap(({ value }) => value.spec.windows ?? []),
  ]);
  return [...windows].flatMap(([name, { document }]) => {
    if (named.has(name)) return [];
    const message = `nothing names the MaintenanceWindow "${name}", so it holds nothing`;
    const hint = "name it in `windows` of the Fleet or of a RolloutStrategy";
    return warningAt(document.at(["metadata", "name"]), { code: "no-effect", message, hint });
  });
}

function checkTimeZone({ value, document }: Entry<Zoned>): Diagnostic | undefined {
  const { timeZone } = value.spec;
  if (timeZone === undefined || isTimeZone(timeZone)) return undefined;
  const message = `there is no time zone "${timeZone}"`;
  const hint = "write a name of the IANA database, such as Europe/Berlin or UTC";
  return errorAt(document.at(["spec", "timeZone"]), { code: "invalid-value", message, hint });
}

function checkWindow({ value, document }: Entry<MaintenanceWindow>): Diagnostic[] {
  const { open, closed } = value.spec;
  if (open === undefined && closed === undefined) {
    const message = "a MaintenanceWindow needs `open` or `closed`";
    const hint = "say when hand-overs may begin, or when none may";
    return [errorAt(document.keyAt(["spec"]), { code: "missing-field", message, hint })];
  }
  const mistakes = [
    ...(open ?? []).map(({ duration }, index) => ({
      path: ["spec", "open", index, "duration"],
      message: durationMistake(duration),
    })),
    ...(closed ?? []).flatMap((period, index) => closedMistakes(period, ["spec", "closed", index])),
  ];
  return mistakes.flatMap(({ path, message }) =>
    message === undefined ? [] : errorAt(document.at(path), { code: "invalid-value", message }),
  );
}

function durationMistake(duration: string): string | undefined {
  const ms = parseDuration(duration);
  if (ms === 0) return "a window that lasts no time is never open";
  if (ms !== undefined && ms <= longestOpenMs) return undefined;
  return `a window lasts at most 168h, not ${shortText(duration)}`;
}

function closedMistakes(
  { from, until }: NonNullable<MaintenanceWindow["spec"]["closed"]>[number],
  path: FieldPath,
): { readonly path: FieldPath; readonly message: string | undefined }[] {
  const [start, end] = [parseLocalTime(from, "start"), parseLocalTime(until, "end")];
  const noDate = (text: string): string => `there is no date ${text}`;
  return [
    { path: [...path, "from"], message: start === undefined ? noDate(from) : undefined },
    { path: [...path, "until"], message: end === undefined ? noDate(until) : undefined },
    {
      path: [...path, "until"],
      message:
        start !== undefined && end !== undefined && end <= start
          ? `it ends at ${until}, before it begins`
          : undefined,
    },
  ];
}
