import { expect, it } from "vitest";
import { stagePlans } from "../../../src/core/plan/release-plans.ts";
import type { Release } from "../../../src/core/rollout/records.ts";

it("shows each stage with its sites, and looks at each site a few times, however many stages there are", () => {
  let reads = 0;
  const count = 200;
  const numbers = Array.from({ length: count }, (_, index) => index);
  const list = Object.fromEntries(
    numbers.map((number) => [
      `s${count - number}`,
      {
        get stage() {
          reads += 1;
          return number % 100;
        },
      },
    ]),
  );
  const stages = numbers.map((number) => ({ name: `stage-${number}` }));
  const plans = stagePlans({ list, stages } as unknown as Release); // as much of it as is shown

  expect(plans.map(({ name }) => name)).toEqual(stages.map(({ name }) => name));
  expect(plans[1]?.sites).toEqual(["s199", "s99"]);
  expect(plans[100]?.sites).toEqual([]);
  expect(reads).toBeLessThan(4 * count);
});
