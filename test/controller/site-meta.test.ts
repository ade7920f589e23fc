import { describe, expect, it } from "vitest";
import { fleetFacts } from "../../src/controller/fleet-facts.ts";
import { siteMeta } from "../../src/controller/site-meta.ts";
import type { SiteMeta } from "../../src/core/protocol/mirror-layout.ts";
import { type FleetEdits, aModel, appYaml, fleetYaml } from "../support/fleet.ts";

/** What site e1 is told, which has `web` and `gone`, where the fleet holds these files. */
function told(
  edits: FleetEdits,
  old: SiteMeta | null = null,
  handed: SiteMeta["apps"] = {},
): SiteMeta {
  return siteMeta({
    site: "e1",
    fleet: fleetFacts(aModel(edits)),
    facts: { region: "east", suspend: false } as Parameters<typeof siteMeta>[0]["facts"],
    assignment: undefined,
    old,
    apps: ["web", "gone"],
    handed,
    releasedAs: () => undefined,
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

describe("as whom a site's worker is told to write for an app", () => {
  const withAccount = {
    "apps/web.yaml": appYaml("web", { spec: { serviceAccountName: "tenant" } }),
  };
  const stood = { namespace: "web", release: "r1" };
  const before = (account: object): SiteMeta => ({
    ...told({}),
    apps: { web: stood, gone: { ...stood, ...account } },
  });

  it("AC-24: is a word that the worker must know, and is not said where no app has an account", () => {
    const { apps, mustKnow } = told(withAccount, before({}));
    expect(apps).toEqual({ web: { ...stood, serviceAccountName: "tenant" }, gone: stood });
    expect(mustKnow).toEqual(["apps.serviceAccountName"]);
    expect(told({}, before({}))).not.toHaveProperty("mustKnow");
  });

  it("AC-24: is the newest word, whatever release is handed over", () => {
    const old = { ...stood, release: "r2", serviceAccountName: "old" };
    expect(told(withAccount, before({}), { web: old }).apps["web"]).toEqual({
      ...old,
      serviceAccountName: "tenant",
    });
    expect(told({}, before({}), { web: old }).apps["web"]).toEqual({ ...stood, release: "r2" });
  });

  it("AC-24: is said also where all else that the mirror said of the app is lost", () => {
    expect(told(withAccount).apps).toEqual({
      web: { namespace: "web", release: null, serviceAccountName: "tenant" },
    });
    expect(told({}).apps).toEqual({});
  });

  it("AC-24: stays as it was for an app that the fleet does not have any more, until it is gone", () => {
    const account = { serviceAccountName: "tenant" };
    const left = told({}, before(account));
    expect(left.apps["gone"]).toEqual({ ...stood, ...account });
    expect(left.mustKnow).toEqual(["apps.serviceAccountName"]);
    // An older release comes back, which had none, or what the mirror said is lost.
    expect(told({}, before(account), { gone: stood }).apps["gone"]).toMatchObject(account);
    expect(told({}, null, { gone: { ...stood, ...account } }).apps["gone"]).toMatchObject(account);
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
    releasedAs: () => undefined,
  };

  it("is the one that control has, else the one that the site had before it was forgotten", () => {
    const identity = ({ uid, formerUid }: SiteMeta) => ({ uid, formerUid });
    const assigned = (record: object) => siteMeta({ ...input, assignment: record });
    expect(identity(assigned({ uid: "u" }))).toEqual({ uid: "u" });
    expect(identity(assigned({ formerUid: "u" }))).toEqual({ formerUid: "u" });
    expect(identity(siteMeta({ ...input, assignment: undefined }))).toEqual({});
  });
});
