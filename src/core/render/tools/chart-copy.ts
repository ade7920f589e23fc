/** A chart -> a copy of it in which its templates call something else. */
import type { SourceFile } from "../../model/fleet-model.ts";
import type { ToolSource } from "../../model/tools/tool-source.ts";
import { templateActions, type Token } from "./template-actions.ts";

/** Text to put at a place, instead of so many characters there. */
export interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

/** What a copy has that the chart has not. */
export interface CopyWords {
  /** Of a template that is added. No chart can hold the hash of its own files: nothing else has this name. */
  readonly name: string;
  readonly template: string;
  /** Told from other copies by this, at the end of the digest. */
  readonly mark: string;
  /** What is to be changed in an action. */
  edits(action: readonly Token[]): readonly Edit[];
}

/** The copy; undefined where it is not told where the actions of a template end, or where a template is a file of values. */
export function chartCopy(source: ToolSource, words: CopyWords): ToolSource | undefined {
  const inside = source.path === "" ? "" : `${source.path}/`;
  const files: SourceFile[] = [];
  for (const file of source.files) {
    const isTemplate = file.path.startsWith(inside) && isRead(file.path.slice(inside.length));
    const edited = isTemplate ? editedFile(file, words) : file;
    // A file of values with other text would give other values.
    const isData = edited !== file && source.valuesFiles.includes(file.path);
    if (edited === undefined || isData) return undefined;
    files.push(edited);
  }
  files.push({ path: `${inside}templates/_${words.name}.tpl`, text: words.template });
  return { ...source, files, digest: `${source.digest}-${words.mark}` };
}

/** Whether Helm reads it as a template, by its path in the chart; all else templates may get as data, `.prov` of a subchart too. */
function isRead(path: string): boolean {
  return /^(charts\/[^/]+\/)*templates\//.test(path) && !/^charts\/.*\.prov$/.test(path);
}

/** The same file where nothing is to be changed; undefined where it is not told what it calls. */
function editedFile(file: SourceFile, words: CopyWords): SourceFile | undefined {
  const edits = templateActions(file.text)?.flatMap((action) => words.edits(action));
  if (edits === undefined) return undefined;
  if (edits.length === 0) return file;
  let text = "";
  let from = 0;
  for (const edit of edits.toSorted((a, b) => a.at - b.at)) {
    text += file.text.slice(from, edit.at) + edit.text;
    from = edit.at + edit.length;
  }
  return { ...file, text: text + file.text.slice(from) };
}
