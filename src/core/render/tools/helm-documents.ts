import type { ToolSource } from "../../model/tools/tool-source.ts";

/** One document that Helm wrote, with the file of the repository that it was made from. */
interface HelmDocument {
  readonly file: string;
  readonly text: string;
}

/** Takes the output of `helm template` apart at the comments that name each document's template. */
export function helmDocuments(source: ToolSource, output: string): readonly HelmDocument[] {
  const documents: HelmDocument[] = [];
  let lines: string[] = [];
  const close = (): void => {
    const text = lines.join("\n");
    if (text.trim() !== "") documents.push({ file: templateOf(source, text), text: `${text}\n` });
    lines = [];
  };
  // The last break ends the last line; behind it none begins.
  for (const line of output.replace(/\n$/, "").split("\n")) {
    // Text in a block is indented: such a line is always the end of a document.
    if (/^---(\s|$)/.test(line)) {
      close();
      lines.push(line.slice(3));
    } else lines.push(line);
  }
  close();
  return documents;
}

/** A template may write any comment: only a file that is there counts. */
function templateOf(source: ToolSource, text: string): string {
  const named = /^[ \t]*# Source: (.+)$/m.exec(text)?.[1];
  const path = named === undefined ? undefined : chartFile(source, named);
  const isKnown = source.files.some((file) => file.path === path);
  return path !== undefined && isKnown ? path : chartFile(source, "./Chart.yaml");
}

/** Path in the repository of a path as Helm tells it, which begins with the chart's name. */
export function chartFile({ path }: ToolSource, told: string): string {
  const inside = told.trim().slice(told.trim().indexOf("/") + 1);
  return path === "" ? inside : `${path}/${inside}`;
}
