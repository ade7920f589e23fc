import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Report, summaryOf } from "../../src/action/summary.ts";
import { codeSpan, fence, markdownTable } from "../../src/action/untrusted.ts";
import { renderFiles } from "../../src/core/render/render-files.ts";
import { planChange, planSide } from "../../src/core/plan/plan-change.ts";
import type { PlanSide } from "../../src/core/plan/assumed-state.ts";
import {
  type FleetEdits,
  aFleet,
  appYaml,
  configMapYaml,
  fleetYaml,
  virtualSiteYaml,
  windowYaml,
} from "../support/fleet.ts";

function side(revision: string, edits: FleetEdits): PlanSide {
  const read = planSide(revision, renderFiles(aFleet(edits)));
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return read.side;
}

/** A fleet with 30 apps, each with a change of its own. */
function manyGroups(): Report {
  const apps = Array.from({ length: 30 }, (_, index) => `app${index}`);
  const edits = (word: string): FleetEdits =>
    Object.fromEntries(
      apps.flatMap((app) => [
        [`apps/${app}.yaml`, appYaml(app)],
        [
          `manifests/${app}/a.yaml`,
          configMapYaml("a", { [app]: `${app} ${word} ${"x".repeat(400)}` }),
        ],
      ]),
    );
  const [base, head] = [side("a".repeat(40), edits("old")), side("b".repeat(40), edits("new"))];
  const plan = planChange(base, head, 0);
  return {
    verdict: "changes",
    directory: "",
    reason: null,
    notes: [],
    preview: {
      base: base.revision,
      head: head.revision,
      diagnostics: [],
      planned: { plan, model: head.model },
      notes: [],
    },
  };
}

describe("the job summary", () => {
  it("says what sites will wait for, as of when, and how to plan the same again", () => {
    const nights = {
      "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" }, windows: ["nights"] }),
      "windows.yaml": windowYaml("nights", { open: [{ start: "13:00", duration: "1h" }] }),
    };
    const red = { "manifests/web/settings.yaml": configMapYaml("settings", { colour: "red" }) };
    const head = side("b".repeat(40), { ...nights, ...red });
    const at = "2026-11-27T12:00:00.000Z";
    const plan = planChange(side("a".repeat(40), nights), head, Date.parse(at));
    const report = manyGroups();
    const preview = { base: plan.base, head: plan.head, diagnostics: [], notes: [] };
    const planned = { plan, model: head.model };
    const summary = summaryOf({ ...report, preview: { ...preview, planned } });

    expect(summary).toContain(
      "| `web` | 4 | `e1, e2, w1, w2` | `window nights is not open; ends when 2026-11-27 13:00:00 UTC (Fri 2026-11-27 13:00 in UTC)` |\n",
    );
    expect(summary).toContain("\nWindows as of 2026-11-27 12:00:00 UTC.\n");
    expect(summary).toContain(`--head ${plan.head} --at ${at}\``);
  });

  it("leaves whole diff groups out where it would be too long, and says how many", () => {
    const report = manyGroups();
    const whole = summaryOf(report);
    expect(whole.match(/^<details/gm)).toHaveLength(30);
    expect(whole).not.toContain("left out");

    for (const maxBytes of [12_000, 20_000, Buffer.byteLength(whole) - 600]) {
      const summary = summaryOf(report, maxBytes);
      const shown = summary.match(/^<details/gm)?.length ?? 0;
      expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(maxBytes);
      expect(shown).toBeGreaterThan(0);
      expect(shown).toBeLessThan(30);
      expect(summary.match(/^<\/details>$/gm)).toHaveLength(shown);
      expect(summary.match(/^```/gm)).toHaveLength(2 * shown);
      expect(summary).toContain(`a limit: ${shown} of 30 diff groups shown.**`);
      expect(summary).toMatch(/^### Flotilla: 4 of 4 sites change, in 30 distinct ways\n/);
      expect(summary).toContain("--base aaaa");
    }
  });

  it("has room for each mistake that it tells, whatever they hold", () => {
    const unseen = "\u200b".repeat(1000);
    const diagnostics = Array.from({ length: 150 }, (_, line) => ({
      ...({ file: unseen, line, column: 1, severity: "error", code: "invalid-value" } as const),
      message: unseen,
      hint: unseen,
    }));
    const preview = { base: undefined, head: "b", diagnostics, planned: null, notes: [] };
    const empty = { directory: "", reason: null, notes: [] };
    const summary = summaryOf({ ...empty, verdict: "invalid", preview });

    expect(Buffer.byteLength(summary)).toBeLessThan(1_000_000);
    expect(summary.match(/^- ❌ /gm)).toHaveLength(100);
    expect(summary).toContain("- 50 more: `flotilla validate` lists them all\n");
    expect(summary).toMatch(/^### Flotilla: the fleet is not valid \(150 errors\)\n/);
  });

  it("shows selectors as text, however they are written", () => {
    const written = {
      matchLabels: { tier: "shop" },
      matchExpressions: [{ key: "ring", operator: "NotIn", values: ["canary"] }],
    };
    const edits = (colour: string): FleetEdits => ({
      "virtual-sites/some.yaml": virtualSiteYaml("some", written),
      "virtual-sites/text.yaml": virtualSiteYaml("text", "tier = shop"),
      "apps/web.yaml": appYaml("web"),
      "manifests/web/settings.yaml": configMapYaml("settings", { colour }),
    });
    const head = side("b".repeat(40), edits("red"));
    const plan = planChange(side("a".repeat(40), edits("blue")), head, 0);
    const report = manyGroups();
    const planned = { plan, model: head.model };
    const preview = { base: null, head: "b", diagnostics: [], planned, notes: [] };
    const summary = summaryOf({ ...report, preview });

    expect(summary).toContain("| `some` | `ring!=canary,tier=shop` |");
    expect(summary).toContain("| `text` | `tier = shop` |");
  });

  it("bounds each of its parts by itself", () => {
    const many = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [
        `virtual-sites/v${index}.yaml`,
        virtualSiteYaml(`v${index}`, `tier in (shop,depot), ring != r${index}`),
      ]),
    );
    const lines = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, "x"]));
    const web = (data: Record<string, string>): FleetEdits => ({
      ...many,
      "manifests/web/settings.yaml": configMapYaml("settings", data),
    });
    const head = side("b".repeat(40), web({ ...lines, last: "new" }));
    const plan = planChange(side("a".repeat(40), web({ first: "old" })), head, 0);
    const report = manyGroups();
    const preview = { ...report.preview, base: null, head: "b", diagnostics: [], notes: [] };
    const summary = summaryOf({
      ...report,
      preview: { ...preview, planned: { plan, model: head.model } },
    });

    expect(summary).toContain("\n53 virtual sites more.\n");
    expect(summary).toMatch(/\n# … \d+ lines more\n```\n/);
  });
});

describe("text of others in markdown", () => {
  it.each([
    ["plain", "`plain`"],
    ["a `b` c", "``a `b` c``"],
    ["`a", "`` `a ``"],
    ["a ``` b", "````a ``` b````"],
    ["", "`(empty)`"],
    ["a\nb\u202ec\u200bd\ud800", String.raw`\u{a}`],
  ])("stands in a code span: %j", (text, expected) => {
    expect(codeSpan(text)).toContain(expected);
    expect(codeSpan(text)).not.toMatch(/[\n\u202e\u200b]/);
  });

  it("stands in a fence that it cannot end", () => {
    expect(fence("diff", ["   ```", "+ x", "-`````"])).toBe(
      "``````diff\n   ```\n+ x\n-`````\n``````\n",
    );
    expect(fence("diff", ["a\n```\nb"])).toBe("````diff\na\\u{a}```\\u{a}b\n````\n");
  });

  it("never leaves its span or fence, whatever it is", () => {
    const unit = fc.constantFrom(
      "`",
      "``",
      "\n",
      " ",
      "|",
      "\\",
      "@a",
      "<b>",
      "\u202e",
      "\ud800",
      "x",
    );
    const marks = fc.string({ unit: fc.constant("`"), maxLength: 6 });
    const words = fc.oneof(fc.string({ unit, maxLength: 40 }), fc.string({ unit: "binary" }));
    const text = fc.tuple(marks, words, marks).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (any) => {
        const span = /^(`+)([^\n]*[^`\n])\1$/.exec(codeSpan(any));
        expect(span?.[2]?.match(/`+/g) ?? []).not.toContain(span?.[1]);
        const [open = "", inside = "", close, ...rest] = fence("diff", [any]).split("\n");
        expect([`${close}diff`, ...rest]).toEqual([open, ""]);
        expect(inside).not.toMatch(new RegExp(`^ {0,3}${close}`));
      }),
    );
  });

  it("does not end the cell of a table", () => {
    expect(markdownTable(["a"], [[codeSpan("x|y")]])).toBe("| a |\n| --- |\n| `x\\|y` |\n");
  });

  it("is cut before it is escaped", () => {
    expect(codeSpan("\u200b".repeat(400), 2)).toBe(String.raw`${"`"}\u{200b}\u{200b}…${"`"}`);
  });
});
