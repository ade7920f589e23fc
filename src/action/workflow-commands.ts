/**
 * What is written for GitHub's runner: annotations, log lines, outputs. The runner takes commands from anything that a
 * step prints, so nothing of a repository is printed but escaped, in an annotation, or with commands switched off.
 */
import type { Diagnostic } from "../core/model/diagnostic.ts";
import { visible } from "./untrusted.ts";

/** The runner keeps ten annotations of a kind for each step, and drops the others without a word. */
const maxAnnotations = 10;
const maxLogLines = 500;

/** The annotations of all diagnostics: at most ten errors and ten warnings, the last of which counts the others. */
export function annotations(diagnostics: readonly Diagnostic[], directory: string): string {
  const kinds = ["error", "warning"] as const;
  return kinds
    .flatMap((kind) => {
      const own = diagnostics.filter(({ severity }) => severity === kind);
      if (own.length <= maxAnnotations) return own.map((one) => annotation(one, directory));
      const shown = own.slice(0, maxAnnotations - 1);
      const more = `${own.length - shown.length} more ${kind}s are in the job summary`;
      return [...shown.map((one) => annotation(one, directory)), command(kind, {}, more)];
    })
    .join("");
}

function annotation(diagnostic: Diagnostic, directory: string): string {
  const { file, line, column, severity, code, message, hint } = diagnostic;
  const text = hint === undefined ? message : `${message}; ${hint}`;
  const title = `Flotilla: ${code}`;
  if (file === ".") return command(severity, { title }, text);
  const path = directory === "" ? file : `${directory}/${file}`;
  const place = line > 0 ? { line: String(line), col: String(column) } : {};
  return command(severity, { file: path, ...place, title }, text);
}

/** An error that belongs to no file. */
export function errorCommand(message: string): string {
  return command("error", { title: "Flotilla" }, message);
}

function command(
  kind: Diagnostic["severity"],
  properties: Readonly<Record<string, string>>,
  message: string,
): string {
  const pairs = Object.entries(properties).map(([name, value]) => `${name}=${property(value)}`);
  return `::${kind}${pairs.length === 0 ? "" : ` ${pairs.join(",")}`}::${data(message)}\n`;
}

function data(text: string): string {
  return visible(text, 1000).replaceAll("%", "%25");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Lines for the log, with commands switched off by a token that nobody can know beforehand. */
export function logLines(lines: readonly string[], token: string): string {
  const shown = lines.slice(0, maxLogLines).map(plainLine);
  const more = lines.length - shown.length;
  const all = more === 0 ? shown : [...shown, `... and ${more} lines more`];
  return `::stop-commands::${token}\n${all.map((line) => `${line}\n`).join("")}::${token}::\n`;
}

/** Also without the switch no command: `::` at the start of a line and `##[` anywhere in it are ones. */
function plainLine(line: string): string {
  return visible(line, 1000).replaceAll("::", ": :").replaceAll("##[", "## [");
}

/** Words and numbers only: nothing that a later step could take for something else. */
export function outputLines(outputs: Readonly<Record<string, string | number>>): string {
  return Object.entries(outputs)
    .map(([name, value]) => `${name}=${checked(String(value))}\n`)
    .join("");
}

function checked(value: string): string {
  if (/^[a-z0-9-]*$/.test(value)) return value;
  throw new Error(`not an output: ${JSON.stringify(value)}`);
}
