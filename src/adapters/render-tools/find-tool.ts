/** Finds the program of the version that a Fleet names. */
import { access, constants, realpath } from "node:fs/promises";
import { basename, delimiter, isAbsolute, join } from "node:path";
import { FleetError } from "../../core/errors.ts";
import type { Tool } from "../../core/model/tools/tool-source.ts";
import type { ProgramResult } from "./run-program.ts";

/** A program that renders, and what it wants before its own arguments. */
export interface FoundTool {
  readonly program: string;
  readonly kind: "kustomize" | "kubectl" | "helm";
}

/** Runs a program for its version; undefined where that fails. */
export type AskVersion = (
  program: string,
  args: readonly string[],
) => Promise<Pick<ProgramResult, "code" | "stdout"> | undefined>;

const kinds: Readonly<Record<Tool, readonly FoundTool["kind"][]>> = {
  kustomize: ["kustomize", "kubectl"],
  helm: ["helm"],
};

const versionArguments: Readonly<Record<FoundTool["kind"], readonly string[]>> = {
  kustomize: ["version"],
  kubectl: ["version", "--client", "--output=json"],
  helm: ["version", "--template={{.Version}}"],
};

/** Looks for tools in folders, in their order, and remembers what it found: made for one rendering. */
export class ToolFinder {
  readonly #folders: readonly string[];
  readonly #ask: AskVersion;
  readonly #found = new Map<string, Promise<FoundTool>>();

  /** `path`: folders as in PATH; relative ones do not count. */
  constructor(path: string, ask: AskVersion) {
    this.#folders = path.split(delimiter).filter(isAbsolute);
    this.#ask = ask;
  }

  /** The program of this very version. TOOL_MISSING where there is none, TOOL_VERSION where there are only others. */
  find(tool: Tool, version: string): Promise<FoundTool> {
    const key = `${tool} ${version}`;
    const found = this.#found.get(key) ?? this.#look(tool, version);
    this.#found.set(key, found);
    return found;
  }

  async #look(tool: Tool, version: string): Promise<FoundTool> {
    const others: string[] = [];
    const asked = new Set<string>();
    for (const folder of this.#folders) {
      for (const { program, kind } of candidates(tool, version, folder)) {
        const own = await programAt(program);
        if (own === undefined || asked.has(own)) continue;
        asked.add(own);
        const found = await this.#versionOf(program, kind);
        if (found === version) return { program, kind };
        others.push(`${program} is ${found ?? "of no version that it tells"}`);
      }
    }
    const hint =
      tool === "helm"
        ? "install this version (as `helm`, or beside others as `helm-<version>`), or change `tools.helm` of the Fleet"
        : "install this version (`kustomize`, or the kubectl that has it), or change `tools.kustomize` of the Fleet";
    if (others.length === 0) {
      const message = `${tool} ${version}, which the Fleet names, was not found`;
      throw new FleetError("TOOL_MISSING", message, { hint });
    }
    const message = `the Fleet names ${tool} ${version}, but ${others.join(", ")}`;
    throw new FleetError("TOOL_VERSION", message, { hint });
  }

  async #versionOf(program: string, kind: FoundTool["kind"]): Promise<string | undefined> {
    const answer = await this.#ask(program, versionArguments[kind]);
    if (answer === undefined || answer.code !== 0) return undefined;
    const told =
      kind === "kubectl"
        ? /"kustomizeVersion":\s*"([^"]+)"/.exec(answer.stdout)?.[1]
        : answer.stdout;
    return /v?(\d+\.\d+\.\d+[-+.0-9A-Za-z]*)/.exec(told ?? "")?.[1];
  }
}

function candidates(tool: Tool, version: string, folder: string): FoundTool[] {
  return kinds[tool].flatMap((kind) =>
    [kind, `${kind}-${version}`, `${kind}-v${version}`].map((name) => ({
      program: join(folder, name),
      kind,
    })),
  );
}

/** The file behind the links, and the name by which it is run: by that it may be several programs. */
async function programAt(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return `${basename(path)} ${await realpath(path)}`;
  } catch {
    return undefined; // not there, or not for us
  }
}
