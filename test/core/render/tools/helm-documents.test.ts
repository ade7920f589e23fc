import { expect, it } from "vitest";
import { helmDocuments } from "../../../../src/core/render/tools/helm-documents.ts";

const source = { tool: "helm", path: "c", files: [], valuesFiles: [], digest: "" } as const;

it("takes Helm's output apart without a line break more or less, which `|+` would keep", () => {
  const texts = ["\na: |+\n  x\n\n", "\nb: |+\n  x\n"];
  const found = helmDocuments(source, texts.map((text) => `---${text}`).join(""));
  expect(found.map(({ text }) => text)).toEqual(texts);
});
