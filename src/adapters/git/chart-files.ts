import type { SourceFile } from "../../core/model/fleet-model.ts";
import { decodeContent, defaultSourceLimits, selectSources, sourceFile } from "./source-files.ts";

/** The files of a chart as a checkout of it would give them, with the problems of those that it would not. */
export function chartFiles(
  files: readonly { readonly path: string; readonly bytes: Buffer }[],
): readonly SourceFile[] {
  const candidates = files.map(({ path, bytes }) => ({
    path,
    kind: "file" as const,
    size: bytes.length,
    bytes,
  }));
  const { chosen, refused } = selectSources(candidates, defaultSourceLimits);
  return [
    ...chosen.flatMap(({ path, bytes }) => sourceFile(path, decodeContent(bytes, true))),
    ...refused,
  ];
}
