import { describe, expect, it } from "vitest";
import { wasToBeMadeAnew } from "../../../src/core/apply/made-anew.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";

const mark = { "f:flotilla.dev/immutable": {} };
const owned = (fields: JsonObject) => wasToBeMadeAnew(JSON.stringify(fields));

describe("an object that was applied to be made anew", () => {
  it("is known by its own annotation, and by the same name nowhere else", () => {
    expect(owned({ "f:metadata": { "f:annotations": mark } })).toBe(true);

    const template = { "f:template": { "f:metadata": { "f:annotations": mark } } };
    expect(owned({ "f:spec": template, "f:metadata": { "f:annotations": {} } })).toBe(false);
    expect(owned({ "f:metadata": { "f:labels": mark } })).toBe(false);
    expect(wasToBeMadeAnew("")).toBe(false);
  });
});
