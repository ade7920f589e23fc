import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { KnownFleet } from "../../../src/core/model/known-fleet.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { parseYaml } from "../../../src/core/model/parse-yaml.ts";
import {
  aFleet,
  aModel,
  appYaml,
  configMapYaml,
  type FleetEdits,
  fleetYaml,
  regionYaml,
  siteYaml,
  strategyYaml,
  virtualSiteYaml,
} from "../../support/fleet.ts";
import { header, mistakeCases, site } from "./mistake-cases.ts";

/** Every diagnostic of the default fleet with these edits, as `file:line:column: severity: message; hint [code]`. */
function told(edits: FleetEdits): string[] {
  const { diagnostics } = loadFleet(aFleet(edits));
  return diagnostics.map((one) => `${formatDiagnostic(one)} [${one.code}]`);
}

/** Where an App says that its manifests are, and what the Fleet ignores. */
type Around = readonly [manifests: string, ignore?: readonly string[]];

/** What is told where this lies in the repository too. */
function toldBeside(file: SourceFile, ...[manifests, ignore = []]: Around): string[] {
  const edits = {
    "apps/till.yaml": appYaml("till", { manifests }),
    "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" }, ignore }),
  };
  const { diagnostics } = loadFleet([...aFleet(edits), file]);
  return diagnostics.map(formatDiagnostic);
}

describe("a fleet without mistakes", () => {
  it("is loaded whole, with its manifests and without warnings", () => {
    const loaded = loadFleet(aFleet());
    expect(loaded).toMatchObject({ ok: true, diagnostics: [] });
    const model = aModel();
    expect([...model.sites.keys()].toSorted()).toEqual(["e1", "e2", "w1", "w2"]);
    expect(model.manifests.get("web")?.map(({ path }) => path)).toEqual([
      "manifests/web/deployment.yaml",
      "manifests/web/settings.yaml",
    ]);
  });

  it("gives the same in whatever order the files come", () => {
    const files = aFleet({ "sites/bad.yaml": site, "x.yaml": regionYaml("a--b") });
    const reference = JSON.stringify(loadFleet(files));
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        expect(JSON.stringify(loadFleet(shuffled))).toBe(reference);
      }),
      { numRuns: 10 },
    );
  });

  it("does not depend on folders, nor on how documents share files", () => {
    const files = aFleet();
    const kinds = files.filter(({ path }) => !path.startsWith("manifests/"));
    const rest = files.filter(({ path }) => path.startsWith("manifests/"));
    const one = { path: "deep/er/all.yml", text: kinds.map(({ text }) => text).join("---\n") };
    const loaded = loadFleet([one, ...rest]);
    expect(loaded).toMatchObject({ ok: true, diagnostics: [] });
    expect(loaded.ok && [...loaded.value.apps.keys()]).toEqual(["web", "till"]);
  });

  it("tells where each of its fields stands", () => {
    const model = aModel({ "sites/e1.yaml": `# first\n---\n${site}` });
    const located = model.sites.get("e1");
    expect(located?.at(["spec", "region"])).toEqual({
      file: "sites/e1.yaml",
      line: 11,
      column: 11,
    });
    expect(located?.keyAt(["spec", "region"])).toMatchObject({ line: 11, column: 3 });
    expect(located?.at(["spec", "location", "latitude"])).toMatchObject({ line: 11, column: 3 });
  });

  it("reads `no` and `on` as texts", () => {
    const text = site.replace("ring: canary", "ring: canary\n    country: no");
    const labels = aModel({ "sites/e1.yaml": text }).sites.get("e1")?.value.metadata.labels;
    expect(labels).toMatchObject({ country: "no" });
  });
});

describe("each mistake is told once, at its place, with what to do", () => {
  it.each(mistakeCases)("%s", (_, edits, expected) => {
    expect(told(edits)).toEqual(expected);
    expect(loadFleet(aFleet(edits)).ok).toBe(false);
  });

  it("tells a tab, and not what it makes of the rest of its document", () => {
    const tab = `${header}kind: Site\nmetadata:\n  name: e1\n\tlabels: {}\n  x: 1\nspec:\n\tregion: a\nspec: {}\n`;
    const message = "tabs are not allowed as indentation; indent with spaces [yaml-syntax]";
    expect(told({ "sites/e1.yaml": tab })).toEqual([`sites/e1.yaml:5:1: error: ${message}`]);
    const [third, fourth] = [tab.replace("e1", "e3"), tab.replace("e1", "e4")];
    expect(told({ "sites/e1.yaml": `${site}---\n${third}---\n${fourth}` })).toEqual([
      `sites/e1.yaml:15:1: error: ${message}`,
      `sites/e1.yaml:25:1: error: ${message}`,
    ]);
  });

  it("tells once that the fleet lies in a folder below, from which its sources start", () => {
    const below = aFleet({ "apps/till.yaml": appYaml("till", { manifests: "manifests/tlil" }) });
    const files = below.map((file) => ({ ...file, path: `rd/my-fleet/${file.path}` }));
    const { diagnostics } = loadFleet(files);
    expect(diagnostics.map((one) => `${formatDiagnostic(one)} [${one.code}]`)).toEqual([
      expect.stringMatching(
        /^rd\/my-fleet\/apps\/till.yaml:4:\d+: error: there is no file or folder "manifests\/tlil"/,
      ),
      'rd/my-fleet/fleet.yaml:1:1: error: the Fleet lies in the folder "rd/my-fleet", and the sources of its Apps start there; name that folder as the one to read: DIR, or `--dir`, with rd/my-fleet at its end [missing-source]',
    ]);
  });

  it("tells of a source that is like none what is not read", () => {
    const edits = { "apps/till.yaml": appYaml("till", { manifests: "quite/elsewhere" }) };
    expect(loadFleet(aFleet(edits)).diagnostics).toMatchObject([
      {
        message: 'there is no file or folder "quite/elsewhere"',
        hint: "write a path from the root of the repository; links, submodules, dot-folders and what git ignores are not read",
      },
    ]);
  });

  it("tells of a submodule in the manifests of an App, or around them, unless it is ignored", () => {
    const toldWith = (path: string, ...[manifests, ignore]: Around): string[] =>
      toldBeside({ path, text: "", leftOut: "not entered", isSubmodule: true }, manifests, ignore);
    const of = (path: string): unknown =>
      expect.stringMatching(
        `^apps/till.yaml:4:\\d+: error: "${path}" is a submodule, whose files are in another repository and are not read; put the files there`,
      );
    const own = "manifests/till";
    expect(toldWith(`${own}/base`, own)).toEqual([of(`${own}/base`)]);
    expect(toldWith("shared", "shared/till")).toEqual([of("shared")]);
    expect(toldWith("shared", "shared")).toEqual([of("shared")]);
    expect(toldWith(`${own}/base`, own, [`${own}/base`])).toEqual([]);
    for (const path of [`${own}-2/base`, `${own}/.hidden/base`]) {
      expect(toldWith(path, own)).toEqual([]);
    }
  });

  it("warns of a symbolic link in the manifests of an App, which may lead to a folder, and refuses one as their source", () => {
    const toldWith = (path: string, ...[manifests, ignore]: Around): string[] =>
      toldBeside({ path, text: "", leftOut: "not followed", isLink: true }, manifests, ignore);
    const own = "manifests/till";
    expect(toldWith(`${own}/base`, own)).toEqual([
      expect.stringMatching(
        `^apps/till.yaml:4:\\d+: warning: "${own}/base" is a symbolic link, which is not followed: what it leads to is not read; put the files there`,
      ),
    ]);
    for (const manifests of ["shared", "shared/till"]) {
      expect(toldWith("shared", manifests)).toEqual([
        expect.stringMatching(
          `^apps/till.yaml:4:\\d+: error: "shared" is a symbolic link, which is not followed; write the path of the folder`,
        ),
      ]);
    }
    expect(toldWith(`${own}/base`, own, [`${own}/base`])).toEqual([]);
    for (const path of [`${own}-2/base`, `${own}/.hidden/base`]) {
      expect(toldWith(path, own)).toEqual([]);
    }
  });

  it("tells of an App whose source starts beside the Fleet where those of others start from the root", () => {
    const below = aFleet().map((file) =>
      file.path.startsWith("manifests/") ? file : { ...file, path: `fleet/${file.path}` },
    );
    const toldWith = (...more: SourceFile[]): string[] => {
      const { diagnostics } = loadFleet([...below, ...more]);
      return diagnostics.map((one) => `${formatDiagnostic(one)} [${one.code}]`);
    };
    expect(toldWith()).toEqual([]);
    const files = [
      { path: "fleet/apps/x.yaml", text: appYaml("x", { manifests: "parts/x" }) },
      { path: "fleet/parts/x/a.yaml", text: configMapYaml("a", {}) },
    ];
    expect(toldWith(...files)).toEqual([
      expect.stringMatching(
        /^fleet\/apps\/x.yaml:4:\d+: error: there is no file or folder "parts\/x"; did you mean "fleet\/parts\/x"\? \[missing-source\]$/,
      ),
    ]);
    const chart = [
      {
        path: "fleet/apps/x.yaml",
        text: appYaml("x", { spec: { source: { chart: "charts/x" } } }),
      },
      { path: "fleet/charts/x/Chart.yaml", text: "apiVersion: v2\nname: x\nversion: 1.0.0\n" },
    ];
    expect(toldWith(...chart)).toEqual([
      expect.stringMatching(
        /there is no folder "charts\/x"; did you mean "fleet\/charts\/x"\? \[missing-source\]$/,
      ),
      expect.stringContaining("[unpinned-tool]"),
    ]);
    const tooHigh = aFleet({ "apps/x.yaml": chart[0]?.text ?? "" });
    const all = [
      ...tooHigh.map((file) => ({ ...file, path: `fleet/${file.path}` })),
      ...chart.slice(1),
    ];
    expect(loadFleet(all).diagnostics.map(({ file, code }) => [file, code])).toEqual([
      ["fleet/apps/x.yaml", "unpinned-tool"],
      ["fleet/fleet.yaml", "missing-source"],
    ]);
  });

  it("does not miss a field that stands there misspelt", () => {
    const misspelt = { "sites/e1.yaml": site.replace("region:", "regoin:") };
    expect(told(misspelt)).toEqual([
      'sites/e1.yaml:9:3: error: unknown field "regoin" in spec; did you mean "region"? [unknown-field]',
    ]);
    expect(told({ "sites/e1.yaml": site.replace("region:", "suspendd:") })).toEqual([
      expect.stringMatching(/^sites\/e1.yaml:8:1: error: missing field "region" in spec/),
      'sites/e1.yaml:9:3: error: unknown field "suspendd" in spec; did you mean "suspend"? [unknown-field]',
    ]);
  });

  it("tells the same of a commit whose files were read before, in part", () => {
    const known = new KnownFleet();
    for (const [, edits] of mistakeCases) {
      loadFleet(aFleet(), known);
      const again = loadFleet(aFleet(edits), known);
      expect(JSON.stringify(again)).toBe(JSON.stringify(loadFleet(aFleet(edits))));
    }
    const model = loadFleet(aFleet(), known);
    const located = model.ok ? model.value.sites.get("w1") : undefined;
    expect(located?.at(["spec", "region"])).toEqual(
      aModel().sites.get("w1")?.at(["spec", "region"]),
    );
    const [file] = aFleet();
    if (file === undefined) throw new Error("the fleet has files");
    expect(known.files([{ ...file }])[0]).not.toBe(file);
    const kept = known.files([{ ...file }])[0];
    expect(known.files([{ ...file }])[0]).toBe(kept);
    loadFleet([], known);
    expect(known.files([file])[0]).toBe(file);
  });

  it("are all told of a selector in labels and expressions, those of a key at the key", () => {
    const selector = `matchLabels: { bad key: x, tier: a b }
    matchExpressions:
      - { key: tier, operator: Exists, values: [shop] }
      - { key: "-", operator: In, values: [a, "b c"] }
`;
    const mistakes = told({
      "virtual-sites/shops.yaml": `${header}kind: VirtualSite\nmetadata: { name: shops }\nspec:\n  selector:\n    ${selector}`,
    });
    expect(
      mistakes.map((each) => each.replace(/( is not a label \w+|takes no values).*$/, "$1")),
    ).toEqual([
      'virtual-sites/shops.yaml:6:20: error: bad selector: "bad key" is not a label key',
      'virtual-sites/shops.yaml:6:38: error: bad selector: "a b" is not a label value',
      "virtual-sites/shops.yaml:8:48: error: bad selector: operator Exists takes no values",
      'virtual-sites/shops.yaml:9:16: error: bad selector: "-" is not a label key',
      'virtual-sites/shops.yaml:9:47: error: bad selector: "b c" is not a label value',
    ]);
  });

  it("tells all mistakes of a repository at once", () => {
    const all = told({
      "sites/e1.yaml": `${site}  bogusField: 1\n`,
      "sites/e2.yaml": siteYaml("e2", { region: "nowhere" }),
      "virtual-sites/shops.yaml": virtualSiteYaml("shops", "a="),
      "virtual-sites/depots.yaml": virtualSiteYaml("depots", "a=="),
      "apps/till.yaml": appYaml("till", { virtualSites: ["shop"] }),
    });
    expect(all.map((line) => line.split(":")[0])).toEqual([
      "apps/till.yaml",
      "sites/e1.yaml",
      "sites/e2.yaml",
    ]);
  });
});

describe("the vocabulary of the Fleet", () => {
  const vocabulary = fleetYaml({
    labels: { ring: { values: ["canary", "main"] }, tier: {}, size: { values: ["1", "2"] } },
  });

  it("is asked of sites and selectors, at the character", () => {
    const edits = {
      "fleet.yaml": vocabulary,
      "sites/e1.yaml": site.replace("tier: shop", "teir: shop").replace("canary", "canari"),
      "virtual-sites/shops.yaml": `${header}kind: VirtualSite\nmetadata: { name: shops }\nspec:\n  selector: 'zone, ring in (main, first), size>7'\n`,
      "virtual-sites/depots.yaml": `${header}kind: VirtualSite\nmetadata: { name: depots }\nspec:\n  selector:\n    matchLabels: { ring: second }\n    matchExpressions: [{ key: tierr, operator: Exists }]\n`,
    };
    expect(told(edits)).toEqual([
      'sites/e1.yaml:6:11: error: the Fleet declares no value "canari" for the label "ring"; did you mean "canary"? [unknown-label]',
      'sites/e1.yaml:7:5: error: the Fleet declares no label "teir"; did you mean "tier"? [unknown-label]',
      'virtual-sites/depots.yaml:6:26: error: the Fleet declares no value "second" for the label "ring"; one of canary, main [unknown-label]',
      'virtual-sites/depots.yaml:7:31: error: the Fleet declares no label "tierr"; did you mean "tier"? [unknown-label]',
      'virtual-sites/shops.yaml:5:14: error: the Fleet declares no label "zone"; declare it in labels of the Fleet [unknown-label]',
      'virtual-sites/shops.yaml:5:35: error: the Fleet declares no value "first" for the label "ring"; one of canary, main [unknown-label]',
    ]);
  });

  it("binds nobody where there is none", () => {
    expect(
      told({ "virtual-sites/shops.yaml": virtualSiteYaml("shops", "tier=shop,!anything") }),
    ).toEqual([]);
  });
});

describe("warnings", () => {
  it("tell a selector that matches nothing, and sites that match only by absence", () => {
    const edits = {
      "virtual-sites/shops.yaml": virtualSiteYaml("shops", "zone!=north,ring"),
      "virtual-sites/depots.yaml": virtualSiteYaml("depots", "tier=kiosk"),
      "strategies/standard.yaml": strategyYaml("standard", {
        stages: [{ name: "a", selector: "tier notin (shop)" }],
      }),
    };
    expect(told(edits)).toEqual([
      "virtual-sites/depots.yaml:4:19: warning: the selector matches no site; check keys and values against the labels of the sites (`flotilla sites`) [matches-nothing]",
      "virtual-sites/shops.yaml:4:19: warning: 4 sites match only by lacking zone: e1, e2, w1 and 1 more; add a bare `zone` to the selector to leave out sites without the label, or label them [matches-by-absence]",
    ]);
    expect(loadFleet(aFleet(edits)).ok).toBe(true);
  });

  /** An App whose overlay sets labels, as lines. */
  const labelled = (lines: string): string => `${header}kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web }
  placement: { virtualSites: [all] }
  overlays:
    - virtualSites: [all]
      labels:
${lines}
`;

  it("tell them of selectors that expressions ask `sites` for, at their characters", () => {
    const app = labelled(`        none: a-\${sites('tier=kiosk').size()}
        some: a-\${sites('tier').size() + sites('zone!=north,ring').size()}`);
    expect(told({ "apps/web.yaml": app })).toEqual([
      "apps/web.yaml:11:26: warning: the selector matches no site; check keys and values against the labels of the sites (`flotilla sites`) [matches-nothing]",
      "apps/web.yaml:12:49: warning: 4 sites match only by lacking zone: e1, e2, w1 and 1 more; add a bare `zone` to the selector to leave out sites without the label, or label them [matches-by-absence]",
    ]);
  });

  it.each([
    ["'", "'"],
    ['"', '"'],
    ["r'", "'"],
    ['R"', '"'],
    ["'''", "'''"],
    ['"""', '"""'],
    ["r'''", "'''"],
    ['R"""', '"""'],
  ])("tell a bad one at its characters behind the quotes: %s", (open, close) => {
    const label = `        some: a-\${sites(${open}tier in${close}).size()}`;
    const app = labelled(label);
    const column = label.indexOf("tier in") + "tier in".length + 1;
    const found = told({ "apps/web.yaml": app });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`apps/web.yaml:11:${column}: error: bad selector`);
  });
});

describe("one mistake is not told twice", () => {
  it("a document that cannot be loaded is still there for references to it", () => {
    expect(told({ "regions/east.yaml": `${regionYaml("east")}\tx: 1\n` })).toHaveLength(1);
    expect(
      told({
        "virtual-sites/all.yaml": `${header}kind: VirtualSite\nmetadata: { name: all }\nspec: { al: true }\n`,
      }),
    ).toHaveLength(1);
  });

  it("where a name cannot be read, nothing that may refer to it is called dangling", () => {
    expect(
      told({ "regions/east.yaml": `${header}kind: Region\nmetadata: [\n` }).join(),
    ).not.toContain("dangling");
    expect(
      told({ "fleet.yaml": `${header}kind: Fleeet\nmetadata: { name: x }\nspec: {}\n` }),
    ).toHaveLength(1);
  });
});

describe("files that are not Flotilla's", () => {
  it("are left alone: other kinds, dot-folders, and what the Fleet ignores", () => {
    const broken = "{{ template }}: [\n";
    const edits = {
      "fleet.yaml": fleetYaml({ ignore: ["charts", "**/*.test.yaml"] }),
      ".github/workflows/x.yaml": broken,
      "charts/web/templates/x.yaml": broken,
      "sites/bad.test.yaml": site,
      "manifests/web/skip.test.yaml": broken,
      "docker-compose.yaml": "services: {}\n",
      "carvel.yaml": "apiVersion: kappctrl.k14s.io/v1alpha1\nkind: App\n",
      "list.yaml": "- a\n- b\n",
      "README.md": "kind: Site",
    };
    expect(told(edits)).toEqual([]);
    const manifests = aModel(edits)
      .manifests.get("web")
      ?.map(({ path }) => path);
    expect(manifests).not.toContain("manifests/web/skip.test.yaml");
  });

  it("may be manifests that mention flotilla.dev", () => {
    const text =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x, annotations: { flotilla.dev/protect: "true" } }\n';
    const model = aModel({ "manifests/web/x.yaml": text });
    expect(model.manifests.get("web")?.map(({ path }) => path)).toContain("manifests/web/x.yaml");
  });

  it("an App may lie in the folder of its own manifests", () => {
    const model = aModel({ "apps/web.yaml": null, "manifests/web/app.yaml": appYaml("web") });
    expect(model.manifests.get("web")?.map(({ path }) => path)).toEqual([
      "manifests/web/deployment.yaml",
      "manifests/web/settings.yaml",
    ]);
  });
});

describe("hostile YAML", () => {
  it.each([
    ["flow nesting", `${header}kind: Site\nx: ${"[".repeat(50_000)}`],
    [
      "flow nesting with brackets in quotes",
      `${header}kind: Site\nx: ${'["]",'.repeat(3000)}1${"]".repeat(3000)}\n`,
    ],
    [
      "nesting by aliases",
      `${header}kind: Site\n${Array.from({ length: 99 }, (_, index) => `a${index}: &a${index} ${"[".repeat(150)}${index === 0 ? "" : `*a${index - 1}`}${"]".repeat(150)}\n`).join("")}`,
    ],
    ["block nesting", `${header}kind: Site\nx:\n ${"- ".repeat(50_000)}`],
    [
      "aliases of aliases",
      `${header}kind: Site\na: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `${"bcdefghij"[i]}: &${"bcdefghij"[i]} [${`*${"abcdefghi"[i]},`.repeat(9)}]`).join("\n")}\n`,
    ],
    ["an alias to itself", `${header}kind: Site\na: &a [*a]\n`],
  ])("is bounded: %s", (_, text) => {
    const loaded = loadFleet(aFleet({ "sites/e1.yaml": text }));
    expect(loaded.ok).toBe(false);
    expect(loaded.diagnostics.map(({ code }) => code)).toContain("yaml-limit");
  });

  it("takes an alias for the anchor before it, also where it is read again later", () => {
    const text = "a: &x 1\nb: &y [*x]\nc: &x 2\nd: *y\ne: *x\n";
    const [document] = parseYaml({ path: "a.yaml", text }).documents;

    expect(document?.value).toEqual({ a: 1, b: [1], c: 2, d: [1], e: 2 });
  });

  it("with very many keys is read in time that grows with its length", { timeout: 5000 }, () => {
    const keys = Array.from({ length: 30_000 }, (_, index) => `    k${index}: v`).join("\n");
    const loaded = loadFleet(
      aFleet({ "sites/e1.yaml": site.replace("    ring", `${keys}\n    ring`) }),
    );
    expect(loaded.ok).toBe(true);
  });

  it("never throws, whatever the text", () => {
    const piece = fc.constantFrom(
      "a",
      ": ",
      "- ",
      "\n",
      "  ",
      "[",
      "]",
      "{",
      "}",
      "&x ",
      "*x",
      "|",
      ">",
      "'",
      '"',
      "!t ",
      "---\n",
      "\t",
      "#",
      "%YAML 1.1\n",
      "? ",
      "<<",
      "${",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const loaded = loadFleet(aFleet({ "sites/x.yaml": header + pieces.join("") }));
        for (const { line, column } of loaded.diagnostics)
          expect(line >= 0 && column >= 0).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
