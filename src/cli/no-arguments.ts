import { FleetError } from "../core/errors.ts";
import type { CommandArgs } from "./command.ts";

/** For a command that takes options alone: throws USAGE for an argument, which would not be heeded. */
export function noArguments(command: string, { positionals }: CommandArgs): void {
  if (positionals.length === 0) return;
  throw new FleetError("USAGE", `unexpected argument "${positionals.join(" ")}"`, {
    hint: `${command} takes options only: flotilla ${command} --help`,
    retry: "never",
  });
}
