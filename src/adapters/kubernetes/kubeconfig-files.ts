import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { FleetError } from "../../core/errors.ts";
import { readDiscovered } from "./discovered-kubeconfig.ts";
import { type NamedByContext, namedByContext, namedFiles } from "./kubeconfig-fields.ts";

/**
 * A file of the operator's, or the text of one that was discovered: its writer is not trusted, so it may hold no path, no
 * program and no server that is not checked, whatever else is allowed.
 */
export type KubeconfigPlace = { readonly path: string } | { readonly text: string };

/** What was read, and of which files it depends, as they were then. */
export interface KubeconfigText {
  readonly text: string;
  readonly named: NamedByContext;
  readonly files: readonly string[];
  readonly version: string;
}

/** A kubeconfig, the files that belong to it, and how all of them were before they were read; CLUSTER_AUTH. */
export async function readKubeconfig(kubeconfig: KubeconfigPlace): Promise<KubeconfigText> {
  if ("text" in kubeconfig) return { ...readDiscovered(kubeconfig.text), files: [], version: "" };
  const { path } = kubeconfig;
  try {
    const own = versionOf([path]);
    const text = await readFile(path, "utf8");
    const named = namedByContext(text);
    const others = namedFiles(named, path);
    return { text, named, files: [path, ...others], version: own + versionOf(others) };
  } catch (cause) {
    throw new FleetError("CLUSTER_AUTH", `cannot read the kubeconfig ${path}`, {
      cause,
      hint: "write the file, or correct its path in the worker's configuration",
    });
  }
}

/** Asked of every cluster each second: a call that waits for no thread costs a tenth. */
export function versionOf(files: readonly string[]): string {
  return files.map(fileVersion).join("");
}

function fileVersion(path: string): string {
  try {
    const facts = statSync(path);
    return `${facts.mtimeMs}/${facts.size}/${facts.ino};`;
  } catch {
    return "absent;";
  }
}
