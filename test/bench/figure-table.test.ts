import { describe, expect, it } from "vitest";
import { figureTable } from "../../bench/figure-table.ts";
import type { Figure } from "../../bench/figure.ts";

function aFigure(figure: string, changes: Partial<Figure> = {}): Figure {
  return {
    figure,
    unit: "ms",
    median: 155,
    min: 101,
    max: 544,
    rounds: 7,
    sites: 300,
    regions: 3,
    workers: 2,
    objects: 10,
    apps: 2,
    cores: 2,
    loadAverage: 0.84,
    delays: { pollInterval: "500ms", heartbeat: "5s" },
    ...changes,
  };
}

describe("the table of the bench", () => {
  it("tells above the figures of each fleet what they were measured with", () => {
    const restart = { unit: "s", median: 1.7, min: 1.7, max: 1.7, rounds: 1 } as const;
    const large = { sites: 3000, regions: 30, apps: 1, objects: 1, workers: 1 };

    const table = figureTable([
      aFigure("pushed to seen and valid"),
      aFigure("pushed to seen and valid", { ...large, median: 495.4, loadAverage: 12 }),
      aFigure("restart", { ...restart, loadAverage: 1.46 }),
    ]);

    expect(table).toMatchInlineSnapshot(`
      "300 sites in 3 regions, 2 apps of 10 objects a site; 2 worker processes, 2 cores; polled every 500ms, a heartbeat every 5s; load average 0.8 to 1.5

      FIGURE                    MEDIAN  RANGE       ROUNDS
      pushed to seen and valid  155 ms  101 to 544  7
      restart                   1.70 s              1

      3000 sites in 30 regions, 1 app of 1 object a site; 1 worker process, 2 cores; polled every 500ms, a heartbeat every 5s; load average 12.0

      FIGURE                    MEDIAN  RANGE       ROUNDS
      pushed to seen and valid  495 ms  101 to 544  7
      "
    `);
  });
});
