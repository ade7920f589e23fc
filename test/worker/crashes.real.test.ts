/** A worker that dies, at a real API server. */
import { describe } from "vitest";
import { useTestSite } from "../support/kube-site.ts";
import { crashRules } from "./rules/crash-rules.ts";

describe("a worker that is killed or stopped, at a real API server", () => {
  const stops = [{ object: "l1", whose: "another one follows" }] as const;
  crashRules(useTestSite(), { every: 16, stops });
});
