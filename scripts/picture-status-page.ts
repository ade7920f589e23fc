/**
 * Makes pictures of the status page with a fleet in the middle of things; needs Chromium.
 *
 *   node scripts/picture-status-page.ts            docs/images/status-page.png
 *   node scripts/picture-status-page.ts FOLDER     many: wide and narrow, light and dark, small and large fleets
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { FleetStatus } from "../src/core/protocol/api.ts";
import { type Browser, startBrowser, type View } from "../test/support/browser.ts";
import { aStatus, inTrouble, midRollout } from "../test/support/page-status.ts";
import { startPageServer } from "../test/support/page-server.ts";

interface Picture {
  readonly name: string;
  readonly status: FleetStatus;
  readonly view: View;
  readonly query?: string;
  readonly whole?: boolean;
}

const phone: View = { width: 375, height: 812, isPhone: true };

const minutesAgo = (minutes: number): string =>
  new Date(Date.now() - minutes * 60_000).toISOString();

const documented: Picture = {
  name: "status-page",
  status: midRollout(240, minutesAgo(4)),
  view: { width: 1200, height: 900 },
  whole: true,
};

const openRegion = "?region=region-03#region-region-03";

const all: readonly Picture[] = [
  { name: "wide-rollout", status: midRollout(240), view: {}, whole: true },
  { name: "wide-rollout-dark", status: midRollout(240), view: { isDark: true }, whole: true },
  { name: "wide-trouble", status: inTrouble(3000), view: {}, whole: true },
  { name: "wide-trouble-dark", status: inTrouble(3000), view: { isDark: true }, whole: true },
  { name: "wide-quiet", status: aStatus(), view: {} },
  { name: "phone-rollout", status: midRollout(240, minutesAgo(4)), view: phone, whole: true },
  {
    name: "phone-trouble-dark",
    status: inTrouble(3000),
    view: { ...phone, isDark: true },
    whole: true,
  },
  { name: "wide-3000-found", status: midRollout(3000), view: {}, query: "?show=unwell#sites" },
  { name: "wide-3000-region", status: midRollout(3000), view: {}, query: openRegion },
  { name: "phone-region", status: midRollout(240), view: phone, query: openRegion },
  {
    name: "phone-region-dark",
    status: midRollout(240),
    view: { ...phone, isDark: true },
    query: openRegion,
  },
];

async function take(browser: Browser, folder: string, picture: Picture): Promise<void> {
  const { name, status, view, query = "", whole = false } = picture;
  const server = await startPageServer({ status, problem: null });
  try {
    const page = await browser.page(view);
    await page.goto(await server.link());
    await page.until("document.querySelector('#fleet h1')");
    if (query !== "") await page.goto(`${server.url}/${query}`);
    await page.until("document.querySelector('.connection.on')");
    await page.shot(join(folder, `${name}.png`), { whole });
  } finally {
    await server.close();
  }
}

const [folder] = process.argv.slice(2);
const target = folder ?? join(import.meta.dirname, "..", "docs", "images");
await mkdir(target, { recursive: true });
const browser = await startBrowser();
try {
  for (const picture of folder === undefined ? [documented] : all) {
    await take(browser, target, picture);
  }
} finally {
  await browser.close();
}
