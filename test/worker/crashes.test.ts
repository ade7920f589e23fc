/** A worker that dies, on the model of a cluster: killed at some of its steps, or with FLOTILLA_TEST_EVERY_STEP=1 at each. */
import { describe } from "vitest";
import { useTestSite } from "../support/kube-site.ts";
import { modelBed } from "../support/test-bed.ts";
import { crashRules } from "./rules/crash-rules.ts";

describe("a worker that is killed or stopped, on the model", () => {
  const every = process.env["FLOTILLA_TEST_EVERY_STEP"] === "1" ? 1 : 8;
  const stops = [
    { object: "a", whose: "it still follows" },
    { object: "new", whose: "another one follows" },
    { object: "t", whose: "another one follows" },
    { object: "l1", whose: "another one follows" },
  ] as const;
  crashRules(useTestSite(1, modelBed), { every, stops });
});
