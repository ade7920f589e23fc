import { expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { aFleet } from "../../support/fleet.ts";

it("a value that its tag makes something that JSON has not is refused at its place, and told once", () => {
  const site = `apiVersion: flotilla.dev/v1alpha1
kind: Site
metadata: { name: e1 }
spec:
  region: !!binary aGk=
`;
  const { ok, diagnostics } = loadFleet(aFleet({ "sites/e1.yaml": site }));
  expect(ok).toBe(false);
  expect(diagnostics.map(formatDiagnostic)).toEqual([
    "sites/e1.yaml:5:20: error: this tag is not supported: it makes a value that Flotilla's kinds cannot hold; leave the tag out: base64 is taken as plain text",
  ]);
});
