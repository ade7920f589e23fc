/** A kubeconfig as an operator gives it: in a file. As a text it would be one that was discovered, which may do less. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "./git-repository.ts";

export async function kubeconfigFile(text: string): Promise<{ readonly path: string }> {
  const path = join(await temporaryFolder(), "kubeconfig");
  await writeFile(path, text, { mode: 0o600 });
  return { path };
}
