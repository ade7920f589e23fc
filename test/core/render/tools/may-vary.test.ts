import { describe, expect, it } from "vitest";
import { mayTellTime, mayVary } from "../../../../src/core/render/tools/may-vary.ts";
import type { ToolRequest } from "../../../../src/core/render/tools/tool-requests.ts";

const ofTemplate = (text: string, isBinary = false): ToolRequest => ({
  key: "k",
  tool: "helm",
  version: "4.1.0",
  source: {
    tool: "helm",
    path: "c",
    files: [{ path: "c/templates/_x.tpl", text, isBinary }],
    digest: "d",
    valuesFiles: [],
  },
});

describe("a chart", () => {
  it.each([
    "now",
    "date",
    "dateInZone",
    "date_in_zone",
    "htmlDate",
    "htmlDateInZone",
    "durationRound",
  ])("whose template calls %s may tell the time", (name) => {
    const request = ofTemplate(`{{ .Values.at | ${name} "x" }}`);

    expect([mayVary(request), mayTellTime(request)]).toEqual([true, true]);
  });

  it("is looked through also where a template is no UTF-8, and is the same each time otherwise", () => {
    expect(mayVary(ofTemplate("\xff{{ randAlpha 3 }}", true))).toBe(true);
    expect(mayVary(ofTemplate("{{ .Values.updated }}"))).toBe(false);
  });
});
