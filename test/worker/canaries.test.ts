/** Canaries in the secret places of a region, on the model of a cluster. */
import { describe } from "vitest";
import { useTestSite } from "../support/kube-site.ts";
import { modelBed } from "../support/test-bed.ts";
import { canaryRules } from "./rules/canary-rules.ts";

describe("the secrets of a region, on the model", { timeout: 60_000 }, () => {
  canaryRules(useTestSite(1, modelBed));
});
