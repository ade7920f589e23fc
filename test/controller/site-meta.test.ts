import { describe, expect, it } from "vitest";
import { fleetFacts } from "../../src/controller/fleet-facts.ts";
import { siteMeta } from "../../src/controller/site-meta.ts";
import type { SiteMeta } from "../../src/core/protocol/mirror-layout.ts";
import { type FleetEdits, aModel, appYaml, fleetYaml } from "../support/fleet.ts";

/** What site e1 is told, which has `web` and `gone`, where the fleet holds these files. */
function told(edits: FleetEdits, old: SiteMeta | null = null): SiteMeta {
  return siteMeta({
    site: "e1",
    fleet: fleetFacts(aModel(edits)),
    facts: { region: "east", suspend: false } as Parameters<typeof siteMeta>[0]["facts"],
    assignment: undefined,
    old,
    apps: ["web", "gone"],
    handed: {},
  });
}

const replicas = { kind: "Deployment", fields: [".spec.replicas"] };
const injected = { managers: ["injector"] };

describe("how a site's worker is told to treat apps", () => {
  it("is not said where all is as usual", () => {
    expect(told({})).not.toHaveProperty("policies");
  });

  it("is the App's word, else the Fleet's, and what either leaves to others", () => {
    const files = {
      "fleet.yaml": fleetYaml({ drift: { mode: "report", ignore: [injected] } }),
      "apps/web.yaml": appYaml("web", { spec: { drift: { ignore: [replicas] } } }),
    };
    expect(told(files).policies).toEqual({
      web: { drift: "report", ignored: [injected, replicas] },
    });
    files["apps/web.yaml"] = appYaml("web", { spec: { drift: { mode: "correct" } } });
    expect(told(files).policies?.["web"]?.drift).toBe("correct");
  });

  it("stays as it was for an app that the fleet does not have any more", () => {
    const policies: NonNullable<SiteMeta["policies"]> = { gone: { drift: "ignore", ignored: [] } };
    expect(told({}, { ...told({}), policies }).policies).toEqual(policies);
  });
});

describe("which cluster a site's worker is told to find", () => {
  const facts = { region: "east", suspend: false } as Parameters<typeof siteMeta>[0]["facts"];
  const input = {
    site: "e1",
    fleet: fleetFacts(aModel({})),
    facts,
    old: null,
    apps: [],
    handed: {},
  };

  it("is the one that control has, else the one that the site had before it was forgotten", () => {
    const identity = ({ uid, formerUid }: SiteMeta) => ({ uid, formerUid });
    const assigned = (record: object) => siteMeta({ ...input, assignment: record });
    expect(identity(assigned({ uid: "u" }))).toEqual({ uid: "u" });
    expect(identity(assigned({ formerUid: "u" }))).toEqual({ formerUid: "u" });
    expect(identity(siteMeta({ ...input, assignment: undefined }))).toEqual({});
  });
});
