/** Canaries in the secret places of a region, on a real API server. */
import { describe } from "vitest";
import { useTestSite } from "../support/kube-site.ts";
import { canaryRules } from "./rules/canary-rules.ts";

describe("the secrets of a region, on a real API server", { timeout: 60_000 }, () => {
  canaryRules(useTestSite(1));
});
