/** What it takes to look for apps that depend on each other in a circle. */
import { expect, it } from "vitest";
import { checkDependencies } from "../../../src/core/model/check-dependencies.ts";
import type { Entry } from "../../../src/core/model/fleet-draft.ts";
import type { App } from "../../../src/core/model/kinds.ts";

it("reads each app of a long chain a few times, however long the chain is", () => {
  const length = 1000;
  let reads = 0;
  const appOn = (dependsOn: readonly string[]): Entry<App> => {
    const spec = {
      get dependsOn() {
        reads += 1;
        return dependsOn;
      },
    };
    return { value: { spec } } as unknown as Entry<App>; // all that is read of an app without a circle
  };
  const names = Array.from({ length }, (_, index) => `app-${index}`);
  const apps = new Map(
    names.map((name, index) => [name, appOn(names.slice(index + 1, index + 2))]),
  );

  const found = checkDependencies({ apps });

  expect(found).toEqual([]);
  expect(reads).toBeLessThanOrEqual(3 * length);
});
