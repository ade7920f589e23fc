/** A worker that dies, at a real API server: killed at some of its steps, or with FLOTILLA_TEST_EVERY_STEP=1 at each. */
import { describe } from "vitest";
import { useTestSite } from "../support/kube-site.ts";
import { crashRules } from "./rules/crash-rules.ts";

describe("a worker that is killed or stopped, at a real API server", () => {
  const every = process.env["FLOTILLA_TEST_EVERY_STEP"] === "1" ? 1 : 16;
  const stops = [{ object: "l1", whose: "another one follows" }] as const;
  crashRules(useTestSite(), { every, stops });
});
