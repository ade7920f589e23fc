/** The rules of applying on the model of a cluster. */
import { describe } from "vitest";
import { useTestSite } from "../support/kube-site.ts";
import { modelBed } from "../support/test-bed.ts";
import { applyingRules } from "./rules/applying-rules.ts";

describe("the rules of applying, on the model", { timeout: 60_000 }, () => {
  applyingRules(useTestSite(2, modelBed));
});
