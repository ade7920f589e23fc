import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { aFleet, siteYaml } from "../support/fleet.ts";
import { folderWith } from "../support/folder.ts";

const dir = "fleet-repo-template";
const explain = (...args: string[]) => runCli(["explain", ...args, "--dir", dir]);

describe("flotilla explain --object", () => {
  it("tells where a field comes from, and what that overrode", async () => {
    const object = ["--object", "Deployment/storefront/storefront"];
    const { code, stdout } = await explain(
      "berlin",
      "storefront",
      ...object,
      "--field",
      "spec.replicas",
    );

    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "Deployment storefront/storefront at berlin

      FIELD           VALUE  PLACE                                           SET BY                         FROM
      .spec.replicas  3      apps/storefront/app.yaml:16:18                  overlay "flagships": replicas
                      1      apps/storefront/manifests/deployment.yaml:8:13  manifest (overridden)
      "
    `);
  });

  it("tells the expression that a value comes from, and where what it read is said, also as data", async () => {
    const object = ["--object", "Service/ledger", "--field", '.spec.ports[name="sql"].port'];
    const { code, stdout } = await explain("malmo-depot", "ledger", ...object, "-o", "json");

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      object: "Service ledger/ledger",
      fields: [
        {
          field: '.spec.ports[name="sql"].port',
          value: 26257,
          settings: [
            {
              by: "manifest",
              place: { file: "apps/ledger/manifests/ledger.yaml", line: 12, column: 13 },
              expression: "${values.port}",
              reads: [{ name: "values.port", place: { file: "apps/ledger/app.yaml", line: 12 } }],
            },
          ],
        },
      ],
    });
  });

  it("lists every field without --field", async () => {
    const { stdout } = await explain("lisbon", "till", "--object", "ConfigMap/till-settings");

    expect(stdout).toMatch(
      /^\.data\.RECEIPT_LANGUAGE +\S+ +apps\/till\/manifests\/till.yaml:\d+:\d+ +manifest$/m,
    );
    expect(stdout).toMatch(
      /^\.metadata\.labels\.flotilla\.dev\/app +till +- +Flotilla: which app it belongs to, for lists$/m,
    );
  });

  it.each<[string, string[], number, string]>([
    [
      "an app that is not there",
      ["berlin", "stock", "--object", "Service/x"],
      1,
      "does not belong at berlin",
    ],
    [
      "an object of a kind that is misspelt",
      ["berlin", "till", "--object", "Deploymnt/till"],
      1,
      "has no object Deploymnt/till at berlin; did you mean Deployment/till?",
    ],
    [
      "an object that is not there",
      ["berlin", "till", "--object", "Deployment/tlil"],
      1,
      "has no object Deployment/tlil",
    ],
    [
      "a mistyped field",
      ["berlin", "till", "--object", "Deployment/till", "--field", ".spec.replica"],
      2,
      "did you mean .spec.replicas?",
    ],
    [
      "a mistyped site",
      ["brelin", "till", "--object", "Deployment/till"],
      2,
      'did you mean "berlin"?',
    ],
    ["a field of nothing", ["berlin", "till", "--field", ".spec"], 2, "--object"],
  ])("says what is wrong with %s", async (...[, args, expected, words]) => {
    const { code, stderr } = await explain(...args);

    expect(stderr).toContain(words);
    expect(code).toBe(expected);
  });
});

describe("flotilla explain --object in a fleet where overlays take away and win over", () => {
  const app = `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: {name: web}
spec:
  namespace: web
  source: {manifests: manifests/web, expressions: true}
  placement: {virtualSites: [all]}
  plainSecrets: [{name: licence}]
  values:
    word: from-the-app
  overlays:
    - name: less
      virtualSites: [all]
      patches:
        - target: {kind: ConfigMap, name: gone}
          merge: {$patch: delete}
`;
  const manifest = `apiVersion: v1
kind: ConfigMap
metadata: {name: open}
data: {word: "\${values.word}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: gone}
---
apiVersion: v1
kind: Secret
metadata: {name: licence}
stringData: {word: "\${values.word}"}
`;
  const site = siteYaml("e1", {
    region: "east",
    labels: { ring: "canary", tier: "shop" },
    spec: { values: { word: "from-the-site" } },
  });
  const explainHere = (...args: string[]) => {
    const files = aFleet({
      "apps/web.yaml": app,
      "manifests/web/all.yaml": manifest,
      "sites/e1.yaml": site,
    });
    return runCli(["explain", "e1", "web", "--dir", folderWith(files), ...args]);
  };

  it("says which overlay took an object away", async () => {
    expect(await explainHere("--object", "ConfigMap/gone")).toEqual({
      code: 1,
      stdout: "",
      stderr:
        'app web has no object ConfigMap/gone at e1; overlay "less": patches takes it away (apps/web.yaml:15:11)\n',
    });
  });

  it("says of a value that an expression reads which one it won over", async () => {
    const { stdout } = await explainHere("--object", "ConfigMap/open", "--field", ".data.word");

    expect(stdout).toMatch(
      /\$\{values\.word\}, values\.word \(sites\/e1\.yaml:4:\d+\), over from-the-app \(apps\/web\.yaml:10:11\)$/m,
    );
  });

  it.each(["table", "json"])(
    "shows no value in a Secret, nor one that was won over: %s",
    async (format) => {
      const question = ["--object", "Secret/licence", "--field", ".stringData.word"];
      const { code, stdout } = await explainHere(...question, "-o", format);

      expect(code).toBe(0);
      expect(stdout).toContain("(hidden)");
      expect(stdout).toContain("apps/web.yaml");
      expect(stdout).not.toMatch(/from-the-(app|site)/);
    },
  );
});

describe("flotilla explain --object of kinds with the same name", () => {
  const service = (apiVersion: string, colour: string): string => `apiVersion: ${apiVersion}
kind: Service
metadata: {name: front, namespace: web, annotations: {colour: ${colour}}}
spec: {ports: [{port: 80}]}
`;
  const explainHere = (object: string) => {
    const manifests = [service("v1", "red"), service("serving.knative.dev/v1", "green")];
    const files = aFleet({ "manifests/web/front.yaml": manifests.join("---\n") });
    const field = ["--field", ".metadata.annotations.colour"];
    const dir = ["--dir", folderWith(files)];
    return runCli(["explain", "e1", "web", "--object", object, ...field, ...dir]);
  };

  it("asks which one is meant", async () => {
    expect(await explainHere("Service/front")).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "app web has several objects Service/front at e1; name one of Service.core/web/front, Service.serving.knative.dev/web/front\n",
    });
  });

  it.each([
    ["Service.core/web/front", "red"],
    ["Service.core/front", "red"],
    ["Service.serving.knative.dev/web/front", "green"],
    ["Service.serving.knative.dev/front", "green"],
  ])("tells of %s by its group", async (object, colour) => {
    const { code, stdout } = await explainHere(object);

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^\\.metadata\\.annotations\\.colour +${colour} `, "m"));
  });
});

describe("flotilla explain without a controller", () => {
  it("prints the selector of a virtual site as text, however it is written", async () => {
    const spec =
      "{selector: {matchExpressions: [{key: tier, operator: In, values: [shop, kiosk]}]}}";
    const virtualSite = `apiVersion: flotilla.dev/v1alpha1
kind: VirtualSite
metadata: {name: all}
spec: ${spec}
`;
    const folder = folderWith(aFleet({ "virtual-sites/all.yaml": virtualSite }));
    const { stdout } = await runCli(["explain", "e1", "web", "--dir", folder]);

    expect(stdout).toContain("tier in (kiosk,shop), virtual-sites/all.yaml:4");
  });

  it("says that a checkout can be asked", async () => {
    const { code, stderr } = await runCli(["explain", "berlin", "till"], { env: {} });

    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("or name a checkout: --dir DIR"),
    });
  });
});
