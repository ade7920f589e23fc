import { stringify } from "yaml";
import { FleetError } from "../core/errors.ts";
import type { CommandArgs, CommandOptions } from "./command.ts";

/** What `-o` may ask for. */
export type OutputFormat = "json" | "yaml" | "table";

/** The option itself, to be spread into a command's options. */
export const outputOption = { output: { type: "string", short: "o" } } satisfies CommandOptions;

/** The format asked for, or `fallback`; throws USAGE for one that the command does not offer. */
export function outputFormat<F extends OutputFormat>(
  args: CommandArgs,
  allowed: readonly F[],
  fallback: F,
): F {
  const wanted = args.values["output"];
  if (wanted === undefined) return fallback;
  const format = allowed.find((name) => name === wanted);
  if (format === undefined) {
    throw new FleetError("USAGE", `unknown output format "${String(wanted)}"`, {
      hint: `use -o ${allowed.join(", -o ")}`,
      retry: "never",
    });
  }
  return format;
}

/** Data as text that ends in a newline: indented JSON, or YAML. */
export function formatData(data: unknown, format: "json" | "yaml"): string {
  if (format === "json") return `${JSON.stringify(data, null, 2)}\n`;
  // As YAML 1.1, so that words such as `no` are quoted: older readers take them for booleans.
  return stringify(data, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

/** Columns padded to their widest cell, two spaces between, no space at the end of a line. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()}\n`;
  return [headings, ...rows].map(line).join("");
}

/** The text value of an option; undefined when it was not given. */
export function textOption(args: CommandArgs, name: string): string | undefined {
  const value = args.values[name];
  return typeof value === "string" ? value : undefined;
}
