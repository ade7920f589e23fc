import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/core/model/json.ts";
import type { FieldSet } from "../../../src/core/apply/owned-fields.ts";
import {
  comparedSteps,
  markEmptyMaps,
  projectFields,
} from "../../../src/core/apply/project-fields.ts";

const container = 'k:{"name":"web"}';
const fields: FieldSet = {
  "f:spec": {
    "f:replicas": {},
    "f:containers": { [container]: { ".": {}, "f:name": {} } },
    "f:finalizers": { 'v:"keep"': {} },
  },
};
const live = (more: object = {}, replicas = 2): Json => ({
  spec: {
    replicas,
    containers: [
      { name: "sidecar", image: "injected" },
      { name: "web", image: "theirs", ...more },
    ],
    finalizers: ["keep", "another"],
  },
});
const projected = (value: Json): Json => projectFields({ value, fields, others: [] });

describe("the values at the fields of an app", () => {
  it("are the same whatever others set, default or reorder", () => {
    expect(projected(live({ image: "changed", env: [{ name: "injected" }] }))).toEqual(
      projected(live()),
    );
  });

  it.each([
    ["a changed value", live({}, 3)],
    ["a removed list item", { spec: { replicas: 2, finalizers: ["keep"] } }],
    ["a removed parent", { metadata: {} }],
  ])("are others for %s", (_, changed) => {
    expect(projected(changed)).not.toEqual(projected(live()));
  });

  const ours: FieldSet = { "f:data": {}, "f:kind": {} };
  const filling: FieldSet = { "f:data": { ".": {}, "f:theirs": {} } };
  const whole: FieldSet = { "f:data": {} };
  const filled = { kind: "A", data: { theirs: "1" } };
  const kept = { kind: "A", data: {} };
  const absent = { kind: "A" };
  const marksOf = (applied: Json, others: readonly FieldSet[] = []): FieldSet =>
    markEmptyMaps({ value: applied, fields: ours, others }, { kind: "A", data: {} });

  it.each([
    ["others fill it", kept, filled, [filling], true],
    ["others fill it, and the API server keeps no empty map", absent, filled, [filling], true],
    ["others fill it, of whom one has it empty too", kept, filled, [whole, filling], true],
    ["the API server fills in what it has by default", kept, filled, [], true],
    ["it is gone again, and was not kept empty either", absent, absent, [], true],
    ["it is set as a whole", absent, filled, [whole], false],
    ["it is set as a whole, and was kept empty", kept, filled, [whole], false],
    ["it is taken away, and was kept empty", kept, absent, [], false],
    ["something else is changed", kept, { ...filled, kind: "B" }, [filling], false],
  ] as const)("with a map that was empty are the same where %s: %s", (...row) => {
    const [, applied, value, others, isSame] = row;
    const marked = marksOf(applied);
    const [before, after] = [applied, value].map((one, at) =>
      projectFields({ value: one, fields: marked, others: at === 0 ? [] : others }),
    );

    expect(JSON.stringify(before) === JSON.stringify(after)).toBe(isSame);
  });

  it.each([filled, kept, absent])(
    "with a map that others had filled before are the same for %j",
    (value) => {
      const marked = marksOf(filled, [filling]);
      const before = projectFields({ value: filled, fields: marked, others: [filling] });

      expect(projectFields({ value, fields: marked, others: [] })).toEqual(before);
    },
  );

  it("have no path of a map that others have filled, or that nobody has touched", () => {
    const paths = (others: readonly FieldSet[]): readonly string[] =>
      comparedSteps({ value: filled, fields: marksOf(absent), others }).map((one) => one.join(""));

    expect(paths([filling])).toEqual([".kind"]);
    expect(paths([whole])).toEqual([".data", ".kind"]);
  });
});
