/** A private folder with the files of sources, as tools get to see them: plain files that we wrote, and nothing else. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import type { ToolSource } from "../../core/model/tools/tool-source.ts";
import {
  originsFolder,
  originsKustomization,
  treeFolder,
} from "../../core/render/tools/kustomize-origins.ts";
import { farAheadZone } from "./tool-environment.ts";

export class WorkFolder {
  /** Absolute path. */
  readonly path: string;
  /** A time zone file for a second rendering. */
  readonly zoneFile: string;
  readonly #extracted = new Map<string, Promise<string>>();

  private constructor(path: string) {
    this.path = path;
    this.zoneFile = join(path, "zone");
  }

  /** Makes one below `parent`, for this user alone. */
  static async create(parent: string): Promise<WorkFolder> {
    await mkdir(parent, { recursive: true });
    const folder = new WorkFolder(await mkdtemp(join(parent, "flotilla-render-")));
    await mkdir(join(folder.path, "home"));
    await writeFile(folder.zoneFile, farAheadZone());
    return folder;
  }

  /** The folder with a source's files, written once: two levels below this one. */
  extract(source: ToolSource): Promise<string> {
    const id = `${source.tool}-${source.digest}`;
    const known = this.#extracted.get(id) ?? extract(join(this.path, id), source);
    this.#extracted.set(id, known);
    return known;
  }

  /** Writes a file into this folder; gives its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, text);
    return path;
  }

  /** Takes one such file away. */
  async forget(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Files of values get names of our own: Helm takes a comma in one for two, of which one may be a URL. */
async function extract(root: string, source: ToolSource): Promise<string> {
  const tree = join(root, treeFolder);
  const folders = new Set([tree]);
  for (const { path } of source.files) folders.add(dirname(join(tree, path)));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  for (const file of source.files) {
    await writeFile(join(tree, file.path), bytesOf(file));
    const position = source.valuesFiles.indexOf(file.path);
    if (position >= 0) await writeFile(join(root, valuesName(position)), bytesOf(file));
  }
  if (source.tool === "kustomize") {
    await mkdir(join(root, originsFolder));
    const text = originsKustomization(source.path);
    await writeFile(join(root, originsFolder, "kustomization.yaml"), text);
  }
  return tree;
}

/** Name of the file of values at a position, beside the tree. */
export function valuesName(position: number): string {
  return `values-${position}.yaml`;
}

function bytesOf({ text, isBinary = false }: SourceFile): Buffer {
  return Buffer.from(text, isBinary ? "latin1" : "utf8");
}
