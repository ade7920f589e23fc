import { readFile } from "node:fs/promises";
import axe from "axe-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { PageState } from "../../src/dashboard/fleet-page.ts";
import { type Browser, type BrowserPage, startBrowser, type View } from "../support/browser.ts";
import { anApp, aSite, aStatus, aWait, inTrouble, midRollout } from "../support/page-status.ts";
import { type PageServer, startPageServer } from "../support/page-server.ts";

const phone: View = { width: 360, height: 740, isPhone: true };

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser.close());

/** A server with this state, and a page that was let in and is live (or, without its script, loaded). */
async function open(
  status: PageState["status"],
  { view = {}, query = "" }: { view?: View; query?: string } = {},
): Promise<{ server: PageServer; page: BrowserPage }> {
  const server = await startPageServer({ status, problem: null });
  onTestFinished(() => server.close());
  const page = await browser.page(view);
  await page.goto(await server.link());
  await page.until("document.getElementById('fleet')");
  if (query !== "") await page.goto(`${server.url}/${query}`);
  if (view.hasScript !== false) await page.until("document.querySelector('.connection.on')");
  return { server, page };
}

const text = (selector: string): string =>
  `(document.querySelector(${JSON.stringify(selector)})?.innerText.trim() ?? "")`;

describe("the page in a browser", { timeout: 120_000 }, () => {
  it("follows what happens without being loaded again, and without losing what is open or focused", async () => {
    const { server, page } = await open(midRollout(240));
    await page.get("window.mark = 1, document.querySelector('#region-region-02 summary').click()");
    await page.until("document.querySelectorAll('#region-region-02 tbody').length === 50");
    await page.get("document.getElementById('q').focus()");
    const stage = "[data-key='stage-rest'] .numbers";
    expect(await page.get(text(stage))).toContain("86 of 215 done");
    const status = midRollout(240);
    const releases = status.releases.map((release) => ({
      ...release,
      stages: release.stages.map((one) =>
        one.sites === 215 ? { ...one, done: 100, waiting: one.waiting - 14 } : one,
      ),
    }));
    server.show({ status: { ...status, releases }, problem: null });
    await page.until(`${text(stage)}.includes("100 of 215 done")`);
    expect(
      await page.get(
        "[window.mark, document.activeElement.id, document.querySelector('#region-region-02').open, location.search]",
      ),
    ).toEqual([1, "q", true, "?region=region-02"]);
  });

  it("says since when it is not connected, and goes on by itself when the server is back", async () => {
    const { server, page } = await open(aStatus());
    await page.get("window.mark = 1");
    await server.close();
    await page.until("document.querySelector('.connection.off')");
    expect(await page.get(text("#connection"))).toMatch(/^Not connected since \d/);
    expect(await page.get(text("#announce"))).toMatch(/^Not connected since/);
    expect(await page.get(text("h1"))).toBe("acme");
    const port = Number(new URL(server.url).port);
    const again = await startPageServer(
      { status: aStatus({ fleet: "back" }), problem: null },
      port,
    );
    onTestFinished(() => again.close());
    await page.until(`${text("h1")} === "back"`);
    expect(
      await page.get("[window.mark, document.querySelector('.connection').className]"),
    ).toEqual([1, "connection on"]);
  });

  it("tells times by the reader's clock and how far off they are, as they pass, with the whole time as a hint", async () => {
    const soon = new Date(Date.now() + 5000).toISOString();
    const waits = [aWait("web", { stage: null, release: null, endsWhen: `it is ${soon}` })];
    const { server, page } = await open(aStatus({ waits }));
    await page.get("window.node = document.querySelector('.ends time'), 0");
    const clock = new Date(soon).toLocaleTimeString("en-US", {
      hour: "numeric",
      minute: "2-digit",
    });
    expect(await page.get(text(".ends"))).toMatch(/^ends when it is /);
    expect(await page.get(text(".ends time"))).toMatch(/^[^(]+ \(in [1-5] seconds?\)$/);
    expect(await page.get(text(".ends time"))).toContain(`${clock} (`);
    expect(await page.get("[window.node.dateTime, window.node.title]")).toEqual([
      soon,
      expect.stringContaining(soon),
    ]);
    await page.until(`${text(".ends time")}.endsWith("seconds ago)")`);
    const old = new Date(Date.now() - 200 * 86_400_000).toISOString();
    server.show({ status: aStatus({ waits, warnings: [`late since ${old}`] }), problem: null });
    await page.until(`${text("#warnings")}.includes("(200 days ago)")`);
    expect(
      await page.get("[document.querySelector('.ends time') === window.node, window.node.title]"),
    ).toEqual([true, expect.stringContaining(soon)]);
  });

  it("says what to do when its session has ended", async () => {
    const { page } = await open(aStatus());
    await page.forget();
    await page.until(`${text("main")}.includes("flotilla dashboard")`);
    expect(await page.get(text("body"))).not.toContain("acme");
  });

  it("tells a screen reader when the state of the fleet is another, and not otherwise", async () => {
    const { server, page } = await open(aStatus());
    expect(await page.get(text("#announce"))).toBe("");
    server.show({ status: aStatus({ warnings: ["one more"] }), problem: null });
    await page.until(`${text("#warnings")}.includes("one more")`);
    expect(await page.get(text("#announce"))).toBe("");
    server.show({ status: inTrouble(240), problem: null });
    await page.until(`${text("#announce")}.includes("4 things to decide, 2 rollouts under way")`);
    expect(await page.get("document.title")).toBe("(4) acme · Flotilla");
    expect(await page.get("document.querySelectorAll('[aria-live], [role=status]').length")).toBe(
      1,
    );
  });

  it("finds sites while one types, in the address too", async () => {
    const { page } = await open(midRollout(3000));
    await page.get("document.getElementById('q').focus()");
    await page.type("oslo-00");
    await page.until(`${text(".found")}.includes("4 sites found")`);
    expect(await page.get("[location.search, document.activeElement.id]")).toEqual([
      "?q=oslo-00",
      "q",
    ]);
    await page.get("document.querySelector('.found a').focus(), document.activeElement.click()");
    await page.until("document.querySelectorAll('details.region').length === 30");
    expect(await page.get("[location.search, document.getElementById('q').value]")).toEqual([
      "",
      "",
    ]);
  });

  it("loads nothing from elsewhere and complains of nothing", async () => {
    const { server, page } = await open(inTrouble(3000), { query: "?region=region-03" });
    await page.until("performance.getEntriesByType('resource').length > 2");
    expect(page.complaints).toEqual([]);
    for (const url of page.requests) expect(url.startsWith(`${server.url}/`)).toBe(true);
  });

  it("runs no script and builds no element out of hostile text", async () => {
    const evil = `"><img src=x onerror="window.evil=1"><script>window.evil=1</script>`;
    const status = aStatus({
      fleet: evil,
      refused: { commit: evil, reason: evil, mistakes: [evil] },
      siteList: [aSite("oslo", "r", { apps: [anApp(evil, { message: evil, release: evil })] })],
      waits: [aWait(evil, { reason: evil, endsWhen: evil })],
      warnings: [evil],
    });
    const { server, page } = await open(status, { query: "?region=r" });
    // What the script puts into the page is not believed either.
    server.show({ status: { ...status, warnings: [`${evil}2`] }, problem: evil });
    await page.until(`${text("#warnings")}.includes("2")`);
    expect(await page.get("[window.evil ?? null, document.images.length]")).toEqual([null, 0]);
    expect(await page.get(text("h1"))).toBe(evil);
    expect(await page.get(text(".says"))).toBe(evil);
    expect(page.complaints).toEqual([]);
  });

  it.each(["", "?region=region-02", "?show=unwell"])(
    "fits a phone of 360 pixels without scrolling sideways: %s",
    async (query) => {
      const { page } = await open(inTrouble(240), { view: phone, query });
      const widths = await page.get<number[]>(
        "[document.documentElement.scrollWidth, innerWidth, ...[...document.querySelectorAll('#fleet *')]" +
          ".filter((e) => e.getBoundingClientRect().right > 360.5 && getComputedStyle(e).position !== 'absolute')" +
          ".map((e) => e.getBoundingClientRect().right)]",
      );
      expect(widths).toEqual([360, 360]);
    },
  );

  it("fits a phone with the longest names and messages without a space", async () => {
    const long = "x".repeat(63);
    const apps = [anApp(long, { message: "y".repeat(300), health: "Degraded", release: long })];
    const siteList = [aSite(long, "r", { apps })];
    const needs = { app: long, release: long, what: "stage", value: long } as const;
    const status = aStatus({ siteList, fleet: long, waits: [aWait(long, { needs, site: long })] });
    const { page } = await open(status, { view: phone, query: "?region=r" });
    expect(await page.get("document.documentElement.scrollWidth")).toBe(360);
  });

  it("gives what is said of a site all the room beside its name", async () => {
    const message =
      "CLUSTER_UNREACHABLE: the cluster does not answer; look whether it runs. ".repeat(4);
    const siteList = [aSite("oslo", "r", { reachable: false, message }), aSite("rome", "r")];
    const { page } = await open(aStatus({ siteList }), { query: "?region=r" });
    const [height = 0, other = 0] = await page.get<number[]>(
      "[...document.querySelectorAll('.sites tbody')].map((e) => e.getBoundingClientRect().height)",
    );
    // Four lines at most beside the rows of its apps.
    expect(height - other).toBeGreaterThan(0);
    expect(height - other).toBeLessThan(100);
  });

  it("is all reached by the keyboard, in the order of reading, with the focus seen", async () => {
    const { page } = await open(inTrouble(240));
    const wanted = await page.get<number>(
      "[...document.querySelectorAll('a[href], button, input, select, summary')].filter((e) => e.checkVisibility()).length",
    );
    const seen: string[] = [];
    for (let step = 0; step < wanted; step += 1) {
      await page.press("Tab");
      const focused = await page.get<{ name: string; isSeen: boolean; place: number }>(`(() => {
        const e = document.activeElement;
        const all = [...document.querySelectorAll('*')];
        const isSeen = getComputedStyle(e).outlineStyle !== 'none' || e.className === 'skip';
        return { name: e.tagName + (e.innerText ?? ''), isSeen, place: all.indexOf(e) };
      })()`);
      expect(focused).toMatchObject({ isSeen: true });
      seen.push(String(focused.place).padStart(6, "0"));
    }
    expect(new Set(seen).size).toBe(wanted);
    expect(seen).toEqual(seen.toSorted());
  });

  it("opens a region by the keyboard", async () => {
    const { page } = await open(midRollout(240));
    await page.get("document.querySelector('#region-region-02 summary').focus()");
    await page.press("Enter");
    await page.until("document.querySelectorAll('#region-region-02 tbody').length === 50");
    expect(await page.get("document.activeElement.parentElement.id")).toBe("region-region-02");
  });

  it.each<[string, View, string]>([
    ["wide", {}, "?region=region-02"],
    ["wide and dark", { isDark: true }, "?region=region-02"],
    ["on a phone", phone, "?region=region-02"],
    ["on a phone, dark, with sites found", { ...phone, isDark: true }, "?show=unwell"],
  ])("has no violation of the accessibility rules: %s", async (_name, view, query) => {
    const { page } = await open(inTrouble(240), { view, query });
    expect(await violations(page)).toEqual([]);
  });

  it("has no violation at its door either", async () => {
    const server = await startPageServer({ status: aStatus(), problem: null });
    onTestFinished(() => server.close());
    const page = await browser.page();
    await page.goto(server.url);
    expect(await page.get(text("h1"))).toBe("Flotilla");
    expect(await violations(page)).toEqual([]);
    await page.get("document.body.append(document.createElement('button'))");
    expect(await violations(page)).toEqual([expect.stringContaining("button-name")]);
  });

  it("works without its script: regions open by a link, sites are found by the form", async () => {
    const { page } = await open(midRollout(240), { view: { hasScript: false } });
    expect(await page.get(text("h1"))).toBe("acme");
    expect(await page.get(text("#connection"))).toMatch(/^As of \d{4}-/);
    expect(await page.get(text("#attention"))).toContain("ilent since 2026-03-02 14:02:11 UTC.");
    await page.get("document.querySelector('#region-region-02').open = true");
    await page.get("document.querySelector('#region-region-02 p a').click()");
    await page.until("document.querySelectorAll('#region-region-02 tbody').length === 50");
    await page.get(
      "(document.getElementById('q').value = 'oslo', document.querySelector('.search button').click())",
    );
    await page.until(`${text(".found")}.includes("sites found")`);
  });

  it("moves nothing for those who asked for less motion", async () => {
    const css = await readFile(
      new URL("../../src/dashboard/browser/page.css", import.meta.url),
      "utf8",
    );
    const still = css.replaceAll(
      /@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}\n/gs,
      "",
    );
    expect(still).not.toMatch(/transition|animation/);
  });
});

/** What axe finds: rules of WCAG 2.2 A and AA, and its best practices. */
async function violations(page: BrowserPage): Promise<string[]> {
  await page.get(`(() => { ${axe.source}\n })()`);
  const found = await page.get<{ id: string; nodes: { html: string }[] }[]>(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
}
