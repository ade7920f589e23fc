import { expect, it } from "vitest";
import { type Board, newBoard } from "../../../../src/core/rollout/board.ts";
import type { PlannerInput, WindowRule } from "../../../../src/core/rollout/planner-types.ts";
import type { SiteView } from "../../../../src/core/rollout/site-view.ts";
import { windowBlock } from "../../../../src/core/rollout/windows/window-block.ts";
import { windowFromSpec } from "../../../../src/core/rollout/windows/window-rules.ts";

const count = 200;
const numbers = Array.from({ length: count }, (_, index) => index);

it("goes over the names of thousands of windows once in a plan, and not once for each site", () => {
  let reads = 0;
  const windows = numbers.map((number): WindowRule => ({
    ...windowFromSpec("", { open: [{ start: "02:00", duration: "1h" }] }),
    get name() {
      reads += 1;
      return `w${number}`;
    },
    matches: ({ id }) => id === `x${number}`,
  }));
  const input = { now: 0, control: { apps: {} }, budgets: { windows } };
  const board: Board = newBoard(input as unknown as PlannerInput); // as much of it as is asked
  const names = numbers.map((number) => `w${number}`);
  const blocks = numbers.map((number) => {
    const facts = { labels: { id: `x${number}` } };
    return windowBlock(board, { facts } as unknown as SiteView, { names }); // as above
  });

  expect(blocks.map((block) => block?.reason)).toEqual(
    names.map((name) => `window ${name} is not open`),
  );
  expect(reads).toBeLessThan(4 * count);
});
