import { describe, expect, it } from "vitest";
import { shortText } from "../../../src/core/model/short-text.ts";

describe("a text that a message quotes", () => {
  it.each([
    ["https://ada:hunter-2@charts.invalid/a", "https://…@charts.invalid/a"],
    ["https://hunter-2@charts.invalid", "https://…@charts.invalid"],
    ["https://ada:hunter@2@charts.invalid", "https://…@charts.invalid"],
    ["https://ada:hunter/2?x@charts.invalid:8443/a", "https://…@charts.invalid:8443/a"],
    ["ada:hunter-2@charts.invalid", "…@charts.invalid"],
    ["https://charts.invalid/a?sig=hunter-2&x=1", "https://charts.invalid/a?…"],
    ["https://charts.invalid?token=hunter-2#top", "https://charts.invalid?…"],
    ["see https://a:hunter-2@b and oci://c:hunter-3@d?e=f", "see https://…@b and oci://…@d?…"],
    [`https://ada:${"hunter".repeat(50)}@charts.invalid/a`, "https://…@charts.invalid/a"],
  ])("tells neither who logs in nor the query of a URL: %s", (text, shown) => {
    expect(shortText(text)).toBe(shown);
  });

  it.each([
    "https://charts.invalid:8443/a#b",
    "oci://registry.invalid:5000/charts/web@sha256:0123",
    "nginx:1.27@sha256:0123",
    "registry.invalid:5000/web@sha256:0123",
    "git@git.invalid:fleet/base",
    "what? a@b",
  ])("is told as it is where it hides nothing: %s", (text) => {
    expect(shortText(text)).toBe(text);
  });

  it("is cut where it is long, and looked at in no time where it is very long", () => {
    expect(shortText("a".repeat(64))).toBe(`${"a".repeat(62)}…`);
    expect(shortText("://a:b".repeat(2_000_000))).toHaveLength(63);
  });
});
