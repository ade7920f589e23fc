import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { PageCode } from "../../src/core/protocol/api.ts";
import { type Browser, startBrowser } from "../support/browser.ts";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { controllerBench } from "../support/controller-process.ts";
import { bothWorkers, everywhere } from "../support/controller-world.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser.close());

describe("the page of a running controller", { timeout: 120_000 }, () => {
  it("shows a rollout live, and goes on after the controller was killed and started again", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await bench.spawn();
    onTestFinished(() => first.kill());
    const workers = await bothWorkers(first);
    await everywhere(bench, "1");
    const answer = await eventually("the controller leads", async () => {
      const one = await first.request("/api/v1/page-code", { method: "POST", body: "{}" });
      return one.ok && one;
    });
    const { path } = (await answer.json()) as PageCode; // the controller's own
    const page = await browser.page();
    await page.goto(first.url + path);
    const body = "document.getElementById('fleet')?.innerText ?? ''";
    await page.until(`(${body}).includes("Every site is in sync and healthy")`, 30_000);
    await page.get("window.mark = 1");

    workers.west.script.health = () => "Progressing";
    await bench.fleet.commit(webVersion("2"));
    await page.until(`(${body}).includes("2 in flight")`, 30_000);
    expect(await page.get<string>(body)).toContain("in flight 2 of at most 3");

    await first.kill();
    await page.until("document.querySelector('.connection.off')", 30_000);
    expect(await page.get<string>(body)).toContain("2 in flight");

    workers.west.script.health = () => "Healthy";
    const second = await bench.spawn();
    onTestFinished(() => second.kill());
    await page.until("document.querySelector('.connection.on')", 30_000);
    await page.until(`(${body}).includes("Every site is in sync and healthy")`, 60_000);
    expect(await page.get("window.mark")).toBe(1);
  });
});
