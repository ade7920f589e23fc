import { FleetError } from "../core/errors.ts";
import type { CommandArgs } from "./command.ts";
import { textOption } from "./output.ts";

/** An option that is a whole number between two others, both included. */
export function wholeNumber(
  args: CommandArgs,
  of: { name: string; fallback: number; least: number; most: number },
): number {
  const text = textOption(args, of.name) ?? String(of.fallback);
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= of.least && number <= of.most) return number;
  throw new FleetError(
    "USAGE",
    `--${of.name} is a whole number from ${of.least} to ${of.most}, not "${text}"`,
    { retry: "never" },
  );
}
