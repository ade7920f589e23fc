import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * What this Flotilla is: its version, and the sizes and times of its own files, which its developers change without a new
 * version.
 */
export async function ownBuild(): Promise<string> {
  const { default: manifest } = await import("../../package.json", { with: { type: "json" } });
  const folder = fileURLToPath(new URL("../core/", import.meta.url));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
  const stamps = await Promise.all(
    files.toSorted().map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return `${relative(folder, file)} ${size} ${mtimeMs}`;
    }),
  );
  const digest = createHash("sha256").update(stamps.join("\n")).digest("hex");
  return `${manifest.version} ${digest}`;
}
