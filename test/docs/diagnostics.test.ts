/** Every code of docs/reference/diagnostics.md is told, by the reading and rendering that all processes share, at its place. */
import { describe, expect, it } from "vitest";
import { diagnosticCodes } from "../../src/core/model/diagnostic.ts";
import type { SourceFile } from "../../src/core/model/fleet-model.ts";
import { renderFleetFiles } from "../../src/adapters/render-tools/render-fleet-files.ts";
import { aFleet } from "../support/fleet.ts";
import { realTools } from "../support/render-tools.ts";
import { type Mistake, marker, mistakes } from "./mistakes.ts";

interface Placed {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The files without the marker, and where it stood. */
function filesOf({ edits = {}, more = [], file = "" }: Mistake): {
  files: SourceFile[];
  place: Placed;
} {
  const texts = aFleet(edits);
  const marked = texts.find(({ text }) => text.includes(marker));
  const place = marked === undefined ? { file, line: 0, column: 0 } : placeIn(marked);
  const files = texts.map((one) => ({ ...one, text: one.text.replace(marker, "") }));
  return { files: [...files, ...more], place };
}

function placeIn({ path, text }: SourceFile): Placed {
  const lines = text.slice(0, text.indexOf(marker)).split("\n");
  return { file: path, line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

describe("the diagnostic", { timeout: 60_000 }, () => {
  // Its type asks for each code; this is for those who do not check types.
  it("of each code has a case here", () => {
    expect(Object.keys(mistakes)).toEqual(Object.keys(diagnosticCodes));
  });

  it.each(Object.entries(mistakes))(
    "%s is told at its place, and no other",
    async (code, mistake) => {
      const { files, place } = filesOf(mistake);

      const { diagnostics } = await renderFleetFiles(await realTools(), files);

      const told = diagnostics.map(({ file, line, column, code: own }) => ({
        code: own,
        file,
        line,
        column,
      }));
      expect(told).toEqual([{ code, ...place }]);
    },
  );
});
