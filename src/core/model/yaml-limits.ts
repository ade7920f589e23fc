/**
 * Bounds that are checked on the text, before any YAML parser sees it: deep nesting makes parsers overflow the stack or
 * abort the whole process, which nothing can catch.
 */

/** Longest text of a file with Flotilla's own kinds: 1 MiB, in UTF-16 units. */
export const maxFleetFileLength = 1024 * 1024;

/** Deepest nesting of collections, in flow style; far more than any real document has. */
const maxFlowDepth = 200;

/** Farthest column at which a nested block may start. */
const maxBlockIndent = 400;

/** What is too much, and where: 1-based line. */
export interface YamlLimit {
  readonly line: number;
  readonly message: string;
}

/** Why the text must not be given to a YAML parser; undefined when it may. Holds for manifests too. */
export function yamlDepthProblem(text: string): YamlLimit | undefined {
  let depth = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (blockIndent(line) > maxBlockIndent) {
      return {
        line: index + 1,
        message: `the file is nested deeper than column ${maxBlockIndent}`,
      };
    }
    for (const char of line) {
      if (char === "[" || char === "{") depth += 1;
      else if (char === "]" || char === "}") depth = Math.max(0, depth - 1);
      if (depth > maxFlowDepth) {
        return {
          line: index + 1,
          message: `the file is nested deeper than ${maxFlowDepth} brackets`,
        };
      }
    }
  }
  return undefined;
}

/** Length of what stands before the first content: blanks, and the indicators `-`, `?` and `:`. */
function blockIndent(line: string): number {
  let end = 0;
  while (end < line.length) {
    const char = line.charAt(end);
    const next = line.charAt(end + 1);
    const isBlank = char === " " || char === "\t";
    const isIndicator = "-?:".includes(char) && (next === " " || next === "\t" || next === "");
    if (!isBlank && !isIndicator) break;
    end += 1;
  }
  return end === line.length && line.trim() === "" ? 0 : end;
}
