/** One suite for the model and for real API servers: a named case at least for each rule that a cluster can show. */
import type { TestSite } from "../../support/kube-site.ts";
import { anewRules } from "./anew-rules.ts";
import { dependencyRules } from "./dependency-rules.ts";
import { droppedRules } from "./dropped-rules.ts";
import { driftRules, loadRules } from "./drift-rules.ts";
import { endingRules } from "./ending-rules.ts";
import { healthRules } from "./health-rules.ts";
import { keepingRules } from "./keeping-rules.ts";
import { inventoryRules, pruningRules } from "./removal-rules.ts";
import { operatorRules } from "./operator-rules.ts";
import { partialRules } from "./partial-rules.ts";
import { previewRules } from "./preview-rules.ts";
import { sharedRules } from "./shared-rules.ts";
import { sourceRules } from "./source-rules.ts";
import { versionRules } from "./version-rules.ts";
import { immutableRules, orderRules, ownershipRules } from "./writing-rules.ts";

/** Registers all cases; call it inside `describe`. Asks for two clusters. */
export function applyingRules(site: TestSite): void {
  ownershipRules(site);
  droppedRules(site);
  previewRules(site);
  sourceRules(site);
  sharedRules(site);
  immutableRules(site);
  anewRules(site);
  orderRules(site);
  operatorRules(site);
  inventoryRules(site);
  pruningRules(site);
  keepingRules(site);
  endingRules(site);
  healthRules(site);
  dependencyRules(site);
  partialRules(site);
  driftRules(site);
  loadRules(site);
  versionRules(site);
}
