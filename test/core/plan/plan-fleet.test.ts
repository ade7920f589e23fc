import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { type PlanSide, workTree } from "../../../src/core/plan/assumed-state.ts";
import type { FleetPlan } from "../../../src/core/plan/fleet-plan.ts";
import { planFleet } from "../../../src/core/plan/plan-fleet.ts";
import { planText } from "../../../src/core/plan/plan-text.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import {
  type FleetEdits,
  type Spec,
  aFleet,
  appYaml,
  configMapYaml,
  fleetYaml,
  modelOf,
  regionYaml,
  siteYaml,
  strategyYaml,
} from "../../support/fleet.ts";

const base = "b".repeat(40);
const head = "d".repeat(40);

function side(revision: string, edits: FleetEdits = {}): PlanSide {
  const model = modelOf(aFleet(edits));
  const rendered = renderFleet(model);
  if (rendered.ok) return { revision, model, rendered: rendered.value };
  throw new Error(rendered.diagnostics.map(formatDiagnostic).join("\n"));
}

const options = { isProtected: () => false, now: 0 };
const plan = (before: FleetEdits, after: FleetEdits): FleetPlan =>
  planFleet(side(base, before), side(head, after), options);

const deployment = "manifests/web/deployment.yaml";
const image1 = aFleet().find(({ path }) => path === deployment)?.text ?? "";
const newImage = { [deployment]: image1.replace("web:1", "web:2") };
const noTill = { "apps/till.yaml": null, "manifests/till/settings.yaml": null };

describe("planFleet", () => {
  it("shows the sites that change, each distinct change once, and the stages with their numbers", () => {
    const { sites, variants, releases, stages, deletions, siteCount } = plan({}, newImage);

    expect(siteCount).toBe(4);
    expect(sites.map(({ site, apps }) => [site, apps[0]?.change, apps[0]?.stage])).toEqual([
      ["e1", "changed", "canary"],
      ["e2", "changed", "rest"],
      ["w1", "changed", "rest"],
      ["w2", "changed", "rest"],
    ]);
    expect(variants).toHaveLength(1);
    expect(variants[0]?.objects.map(({ id, change }) => [id, change])).toEqual([
      ["apps_Deployment_web_web", "changed"],
    ]);
    expect(variants[0]?.objects[0]?.diff).toContain(
      "-      - image: example.com/web:1\n+      - image: example.com/web:2\n",
    );
    expect(
      releases.map(({ app, kind, strategy, sites: count }) => [app, kind, strategy, count]),
    ).toEqual([["web", "app", "standard", 4]]);
    expect(stages.map(({ name, by, sites: own, soakMs }) => [name, by, own, soakMs])).toEqual([
      ["canary", "selector ring=canary", ["e1"], 2000],
      ["rest", "rest", ["e2", "w1", "w2"], 2000],
    ]);
    expect(deletions).toEqual({ objects: 0, perApp: {}, needsApproval: null });
  });

  it("resolves percentages and says how", () => {
    const strategy = {
      "strategies/standard.yaml": strategyYaml("standard", {
        stages: [{ name: "some", percent: 50 }, { name: "none", percent: 0 }, { name: "rest" }],
      }),
    };

    expect(
      plan(strategy, { ...strategy, ...newImage }).stages.map(({ by, sites }) => [
        by,
        sites.length,
      ]),
    ).toEqual([
      ["50 % of 4 = 2", 2],
      ["0 % of 4 = 0", 0],
      ["rest", 2],
    ]);
  });

  it("takes strategies and budgets from the base: no commit grants what it needs", () => {
    const after = {
      ...noTill,
      "fleet.yaml": fleetYaml({
        rollout: { strategy: "standard" },
        deletionBudget: { objects: 1000, percent: 100 },
      }),
      "strategies/standard.yaml": strategyYaml("standard", { stages: [{ name: "everything" }] }),
    };

    const { deletions, stages } = plan({}, after);

    expect(stages.map(({ name }) => name)).toEqual(["canary", "rest"]);
    expect(deletions).toMatchObject({ objects: 2, perApp: { till: 2 } });
    expect(deletions.needsApproval).toContain("the budget is 10 % of 2 = 1");
  });

  it("counts what a version drops as deletions, and asks for consent to delete what is protected", () => {
    const kept = { "fleet.yaml": fleetYaml({ deletionBudget: { objects: 100, percent: 100 } }) };
    const dropped = { ...kept, "manifests/web/settings.yaml": null };

    expect(plan(kept, dropped).deletions).toEqual({
      objects: 4,
      perApp: { web: 4 },
      needsApproval: null,
    });
    const guarded = planFleet(side(base, kept), side(head, dropped), {
      isProtected: (id) => id.includes("ConfigMap"),
      now: 0,
    });
    expect(guarded.deletions.needsApproval).toBe("ConfigMap web/settings is protected");
  });

  it.each([
    "flotilla.dev/prune: keep",
    "helm.sh/resource-policy: keep",
    "kustomize.toolkit.fluxcd.io/prune: disabled",
    "argocd.argoproj.io/sync-options: Prune=false",
  ])("counts no object as deleted that the base has with %s", (annotation) => {
    const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, annotations: {${annotation}}}
`;
    const kept = { "manifests/web/settings.yaml": settings };
    const dropped = { "manifests/web/settings.yaml": null };
    const planned = planFleet(side(base, kept), side(head, dropped), {
      isProtected: () => true,
      now: 0,
    });
    expect(planned.deletions).toEqual({ objects: 0, perApp: {}, needsApproval: null });
    // The head's word comes too late: what stands is what is deleted.
    expect(plan({}, { ...kept, ...dropped }).deletions.objects).toBe(4);
  });

  it("tells what is deleted to be made anew, counts it, and tells what a cluster will refuse", () => {
    const settings = (k: string, word: string) => ({
      "manifests/web/settings.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, annotations: {flotilla.dev/immutable: ${word}}}
immutable: true
data: {k: "${k}"}
`,
    });
    const anew = plan(settings("1", "recreate"), settings("2", "recreate"));
    expect(anew.deletions).toMatchObject({ objects: 4, perApp: { web: 4 } });
    expect(anew.deletions.needsApproval).toContain("4 of the");
    expect(planText(anew)).toContain("ConfigMap web/settings: is deleted and made anew, for data");

    // Its word has to be there before it counts, and it counts only where it is understood.
    for (const [before, after] of [
      ["never", "recreate"],
      ["recreate", "never"],
    ] as const) {
      const refused = plan(settings("1", before), settings("2", after));
      expect(refused.deletions.objects).toBe(0);
      expect(planText(refused)).toContain("its cluster will refuse to change data");
    }
    const same = plan(settings("1", "recreate"), {
      ...settings("1", "recreate"),
      ...newImage,
    });
    expect(same.deletions.objects).toBe(0);
    expect(planText(same)).not.toContain("anew");
  });

  it("says how an app leaves, as the base has it", () => {
    const orphan = {
      "apps/till.yaml": appYaml("till", { virtualSites: ["shops"], spec: { onRemoval: "orphan" } }),
    };
    const { releases, deletions, sites } = plan(orphan, noTill);

    expect(releases.map(({ kind, verb, sites: count }) => [kind, verb, count])).toEqual([
      ["removal", "orphan", 2],
    ]);
    expect(deletions.objects).toBe(0);
    expect(sites.map(({ site, apps }) => [site, apps[0]?.change])).toEqual([
      ["e1", "removed"],
      ["w1", "removed"],
    ]);
  });

  it("shows what a site loses that leaves the fleet, where the base says so and not the head", () => {
    const w2 = { region: "west", labels: { ring: "main", tier: "depot" } };
    const said = { "sites/w2.yaml": siteYaml("w2", { ...w2, spec: { decommission: "delete" } }) };
    const { sites, releases, notes, deletions } = plan(said, { "sites/w2.yaml": null });

    expect(sites.map(({ site, region, apps }) => [site, region, apps[0]?.change])).toEqual([
      ["w2", "west", "removed"],
    ]);
    expect(sites[0]?.apps[0]?.release).toBe(releases[0]?.release);
    expect(releases.map(({ kind, verb, sites: count }) => [kind, verb, count])).toEqual([
      ["removal", "delete", 1],
    ]);
    expect(deletions.objects).toBeGreaterThan(0);
    expect(notes).toEqual([
      "site w2 is no longer declared: its apps leave it, then it is forgotten",
    ]);
  });

  it("notes of which sites a commit says that their apps leave them once they are removed, or no more", () => {
    const said = { "regions/west.yaml": regionYaml("west", { decommission: "delete" }) };
    const { sites, notes } = plan({}, said);

    expect(sites).toEqual([]);
    expect(notes).toEqual([
      "`decommission: delete` is said of w1, w2: when a later commit removes such a site, its apps leave it first",
    ]);
    expect(plan(said, {}).notes).toEqual([
      "`decommission: delete` is no longer said of w1, w2: when a later commit removes such a site, nothing is deleted there",
    ]);
    expect(plan(said, said).notes).toEqual([]);
  });

  it("tells joiners from the sites of a release, and notes what happens to sites", () => {
    const after = {
      "sites/n1.yaml": siteYaml("n1", { region: "west", labels: { ring: "main", tier: "depot" } }),
      "sites/w2.yaml": null,
      "sites/e2.yaml": siteYaml("e2", { region: "west", labels: { ring: "main", tier: "depot" } }),
    };
    const { sites, releases, notes, deletions } = plan({}, after);

    expect(sites).toEqual([
      {
        site: "n1",
        region: "west",
        apps: [{ app: "web", change: "added", release: null, stage: null }],
      },
    ]);
    expect(releases).toEqual([]);
    expect(deletions.objects).toBe(0);
    expect(notes).toEqual([
      "site e2 moves from region east to west",
      "site n1 is new",
      "site w2 is no longer declared: it is forgotten, and nothing is deleted there",
    ]);
  });

  it("plans a site release where only site data changes what a site gets", () => {
    const overlay = { virtualSites: ["depots"], labels: { at: "depot" } };
    const app = { "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }) };
    const relabelled = {
      ...app,
      "sites/w2.yaml": siteYaml("w2", { region: "west", labels: { ring: "main", tier: "kiosk" } }),
    };

    expect(
      plan(app, relabelled).releases.map(({ app: name, kind, sites }) => [name, kind, sites]),
    ).toEqual([["web", "site", 1]]);
  });

  it("puts sites together whose objects change by the same lines", () => {
    const overlay = { virtualSites: ["depots"], replicas: [{ name: "web", count: 2 }] };
    const app = { "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }) };
    const { variants, groups } = plan(app, { ...app, ...newImage });

    expect(variants).toHaveLength(2);
    expect(groups).toEqual([{ app: "web", sites: ["e1", "e2", "w1", "w2"], variants: [0, 1] }]);
  });

  it("puts sites together that differ by their own name and address only", () => {
    const own = (host: string): FleetEdits => ({
      "apps/web.yaml": appYaml("web", {
        spec: {
          overlays: [
            {
              virtualSites: ["all"],
              patches: [
                { target: { kind: "ConfigMap" }, merge: { data: { host, site: "${site.name}" } } },
              ],
            },
          ],
        },
      }),
      ...Object.fromEntries(
        ["e1", "e2", "w1", "w2"].map((name, index) => {
          const labels = {
            ring: index === 0 ? "canary" : "main",
            tier: index % 2 ? "depot" : "shop",
          };
          const spec = { address: `10.0.0.${index}` };
          return [`sites/${name}.yaml`, siteYaml(name, { region: "east", labels, spec })];
        }),
      ),
    });

    const { variants, groups } = plan(
      own("http://${site.address}"),
      own("https://${site.address}"),
    );

    expect(variants).toHaveLength(4);
    expect(groups.map(({ sites }) => sites)).toEqual([["e1", "e2", "w1", "w2"]]);

    const gone = ["e2", "w1", "w2"];
    const without = Object.fromEntries(gone.map((name) => [`sites/${name}.yaml`, null]));
    const said = { "regions/east.yaml": regionYaml("east", { decommission: "delete" }) };
    const before = { ...own("http://${site.address}"), ...said };
    const leaving = plan(before, { ...before, ...without });
    const ofWeb = leaving.groups.filter(({ app }) => app === "web");
    expect(ofWeb.map(({ sites }) => sites)).toEqual([gone]);
    expect([leaving.sites.length, leaving.siteCount]).toEqual([3, 4]);
  });

  it("Karmada #7874: sends a changed overlay and changed placement through the stages like a new image", () => {
    const overlaid = (count: number, more: Spec = {}): FleetEdits => {
      const overlay = { virtualSites: ["all"], replicas: [{ name: "web", count }] };
      return { "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay], ...more } }) };
    };
    const stagesOf = (before: FleetEdits, after: FleetEdits): unknown =>
      plan(before, after).stages.map(({ name, sites }) => [name, sites]);

    expect(stagesOf(overlaid(2), overlaid(3))).toEqual([
      ["canary", ["e1"]],
      ["rest", ["e2", "w1", "w2"]],
    ]);
    const shops = overlaid(2, { placement: { virtualSites: ["shops"] } });
    expect(stagesOf(shops, overlaid(2))).toEqual([
      ["canary", []],
      ["rest", ["e2", "w2"]],
    ]);
  });

  it("plans from nothing: all of it is new", () => {
    const { base: from, variants, sites, releases } = planFleet(null, side(head), options);

    expect(from).toBeNull();
    expect(variants.every((variant) => variant.from === null)).toBe(true);
    expect(sites).toHaveLength(4);
    expect(releases.map(({ app, sites: count }) => [app, count])).toEqual([
      ["till", 2],
      ["web", 4],
    ]);
  });

  it("is empty when nothing changes, and the same bytes for the same inputs", () => {
    const { sites, variants, releases, stages } = plan({}, {});

    expect([sites, variants, releases, stages]).toEqual([[], [], [], []]);
    expect(JSON.stringify(plan({}, newImage))).toBe(JSON.stringify(plan({}, newImage)));
    expect(JSON.parse(JSON.stringify(plan({}, newImage)))).toEqual(plan({}, newImage));
    expect(plan({}, newImage).digest).not.toBe(plan({}, noTill).digest);
  });

  it("never shows the value of a Secret, only its keys and that they changed", () => {
    const withSecret = (value: string): PlanSide => {
      const { revision, model, rendered } = side(base);
      const [[tree, variant] = []] = [...rendered.variants];
      if (tree === undefined || variant === undefined) throw new Error("no variant");
      const object = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "s" },
        data: { key: value, same: "c2FtZQ==" },
      };
      const secret = { id: "_Secret__s", object, yaml: `data: {key: ${value}}\n` };
      // Rendering refuses such a Secret; a plan must keep it to itself all the same.
      const id = `${value}${tree}`.slice(0, 40);
      const apps = new Map(
        [...rendered.apps].map(([name, app]) => {
          const sites = new Map(
            [...app.sites].map(([site, own]) => [site, own === tree ? id : own]),
          );
          return [name, { ...app, sites }];
        }),
      );
      const variants = new Map(rendered.variants).set(id, {
        tree: id,
        objects: [secret, ...variant.objects],
      });
      return { revision, model, rendered: { apps, variants } };
    };

    const shown = planFleet(withSecret("aHVudGVyMg=="), withSecret("c3dvcmRmaXNo"), options);

    const { digest: _digest, ...visible } = shown;
    const texts = JSON.stringify(visible.variants.map(({ objects }) => objects));
    expect(texts).not.toMatch(/aHVudGVyMg|c3dvcmRmaXNo|c2FtZQ/);
    expect(texts).toContain(String.raw`-  key: \"(hidden)\"\n+  key: \"(hidden, changed)\"`);
    expect(texts).toContain(String.raw`   same: \"(hidden)\"`);
  });
});

describe("planText", () => {
  it("reads well on a terminal", () => {
    const before = side(base);
    const after = side(workTree, { ...newImage, ...noTill });

    expect(`\n${planText(planFleet(before, after, options))}`).toMatchInlineSnapshot(`
      "
      Plan from bbbbbbbbbbbb to the work tree: 4 of 4 sites change.

      till: leaves (delete) at 2 sites, strategy standard
        1. canary  selector ring=canary  1 site  e1; may fail: 0; soak 2s
        2. rest    rest                  1 site  w1; may fail: 0; soak 2s

        at 2 sites: e1, w1
        - ConfigMap till/till

      web: a new version at 4 sites, strategy standard
        1. canary  selector ring=canary  1 site   e1; may fail: 0; soak 2s
        2. rest    rest                  3 sites  e2, w1, w2; may fail: 0; soak 2s

        at 4 sites: e1, e2, w1 and 1 more
        ~ Deployment web/web
            @@ -19,5 +19,5 @@
                     app: web
                 spec:
                   containers:
            -      - image: example.com/web:1
            +      - image: example.com/web:2
                     name: web

      Deletions: 2 objects (till 2). Somebody has to approve: 2 of the 2 objects of till go, the budget is 10 % of 2 = 1.
      "
    `);
  });

  it("says that nothing changes", () => {
    expect(planText(plan({}, {}))).toBe(
      `Plan from ${base.slice(0, 12)} to ${head.slice(0, 12)}: No site changes.\n`,
    );
  });

  it("names what comes and goes without printing it, and what joins without stages", () => {
    const after = {
      "manifests/web/more.yaml": configMapYaml("more"),
      "sites/n1.yaml": siteYaml("n1", { region: "west", labels: { ring: "main", tier: "depot" } }),
    };

    expect(`\n${planText(plan({}, after))}`).toMatchInlineSnapshot(`
      "
      Plan from bbbbbbbbbbbb to dddddddddddd: 5 of 5 sites change.

      web: a new version at 4 sites, strategy standard
        1. canary  selector ring=canary  1 site   e1; may fail: 0; soak 2s
        2. rest    rest                  3 sites  e2, w1, w2; may fail: 0; soak 2s
      web: 1 site without stages, with what is current: n1

        at 4 sites: e1, e2, w1 and 1 more
        + ConfigMap web/more

        at 1 site: n1
        + ConfigMap web/more
        + ConfigMap web/settings
        + Deployment web/web

      Deletions: none.

      Notes
        site n1 is new
      "
    `);
  });
});
