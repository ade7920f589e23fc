import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

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

describe("flotilla explain without a controller", () => {
  it("says that a checkout can be asked", async () => {
    const { code, stderr } = await runCli(["explain", "berlin", "till"], { env: {} });

    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("or name a checkout: --dir DIR"),
    });
  });
});
