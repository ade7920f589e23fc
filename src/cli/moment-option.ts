import { FleetError } from "../core/errors.ts";
import { parseMoment } from "../core/model/moment.ts";
import { systemClock } from "../runtime/system-clock.ts";
import type { CommandArgs } from "./command.ts";
import { textOption } from "./output.ts";

/** An option that is a moment, in whole seconds (ms); without it, now. */
export function momentOption(args: CommandArgs, name: string): number {
  const text = textOption(args, name);
  const moment = text === undefined ? systemClock().now() : parseMoment(text);
  if (moment !== undefined) return moment - (moment % 1000);
  throw new FleetError(
    "USAGE",
    `--${name} is a time such as 2026-11-27T22:00:00+09:00, not "${text}"`,
    { hint: "write it as RFC 3339 has it, with Z or the offset from UTC", retry: "never" },
  );
}
