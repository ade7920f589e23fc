import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { SourceFile } from "../../src/core/model/fleet-model.ts";

/** An empty folder that is removed when the test ends. */
export function emptyFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "flotilla-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A folder with these files, removed when the test ends. */
export function folderWith(files: readonly SourceFile[]): string {
  const dir = emptyFolder();
  for (const { path, text } of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}
