import { request as httpRequest } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PageCode } from "../../src/core/protocol/api.ts";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import {
  type ControllerApi,
  type ControllerBench,
  controllerBench,
  mirrorTokens,
} from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  pause,
  quiet,
  startController,
} from "../support/controller-world.ts";

/** A session cookie, as a browser gets it. */
async function enter(controller: ControllerApi): Promise<string> {
  const answer = await controller.request("/api/v1/page-code", { method: "POST", body: "{}" });
  const { path } = (await answer.json()) as PageCode; // the controller's own
  const entered = await fetch(controller.url + path);
  expect(entered.status).toBe(200);
  return (entered.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

async function at(
  controller: ControllerApi,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await fetch(controller.url + path, { headers });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

/** A controller that follows its fleet; nobody works for it yet. */
async function running(): Promise<{ bench: ControllerBench; controller: ControllerApi }> {
  const bench = await controllerBench();
  await commitFleet(bench.fleet);
  const controller = await startController(bench);
  await eventually("the head is followed", async () => (await controller.status())?.revision);
  return { bench, controller };
}

describe("the status page", { timeout: 120_000 }, () => {
  it("shows nothing to a browser without a session, and says how to get one", async () => {
    const { controller } = await running();
    for (const path of ["/", "/live", "/?region=east", "/enter?code=x"]) {
      const { status, text, headers } = await at(controller, path);
      expect(status).toBe(403);
      expect(text).toContain("flotilla dashboard");
      expect(text).not.toMatch(/east|web|a1/);
      // It would make the browser ask for a password.
      expect(headers.get("www-authenticate")).toBeNull();
    }
    const code = await fetch(`${controller.url}/api/v1/page-code`, { method: "POST" });
    expect(code.status).toBe(401);
  });

  it("shows what flotilla status tells, and no credential", async () => {
    const { bench, controller } = await running();
    await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    const cookie = await enter(controller);
    const { status, text } = await at(controller, "/?region=east&region=west", { cookie });
    expect(status).toBe(200);
    const told = await controller.status();
    expect(text).toContain(`title="${told?.revision}"`);
    expect(text).toMatch(/<dt>In sync<\/dt>\s*<dd>\s*<b>4<\/b>/);
    for (const name of ["a1", "a2", "b1", "b2", "east", "west", "web"])
      expect(text).toContain(name);
    const apiToken = (await readFile(join(bench.stateDir, "api-token"), "utf8")).trim();
    for (const secret of [apiToken, cookie.split("=")[1] ?? "", ...Object.values(mirrorTokens)]) {
      expect(text).not.toContain(secret);
    }
  });

  it("changes its tag only when something changes, and sends nothing until then", async () => {
    const { bench, controller } = await running();
    const cookie = await enter(controller);
    await pause(1000);
    const first = await at(controller, "/live", { cookie });
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    await pause(2000);
    const again = await at(controller, "/live", { cookie, "if-none-match": etag });
    expect([again.status, again.text]).toEqual([304, ""]);
    await bench.fleet.commit(webVersion("2"));
    await eventually("the page tells of the new commit", async () => {
      const next = await at(controller, "/live", { cookie, "if-none-match": etag });
      return next.status === 200 && next.headers.get("etag") !== etag;
    });
  });

  it("names every mistake of a head that is not followed, with its place", async () => {
    const { bench, controller } = await running();
    const cookie = await enter(controller);
    await bench.fleet.commit({
      "sites/a1.yaml": "kind: Site\nmetadata: {name: a1\n",
      "sites/a2.yaml": "kind: Site\nmetadata: {name: a2\n",
    });
    const text = await eventually("the head is refused", async () => {
      const { text } = await at(controller, "/live", { cookie });
      return text.includes("is not followed") && text;
    });
    expect(text).toMatch(/sites\/a1\.yaml:\d+:\d+: error: /);
    expect(text).toMatch(/sites\/a2\.yaml:\d+:\d+: error: /);
    expect((await controller.status())?.refused?.mistakes.length).toBeGreaterThan(1);
  });

  it("lets its session look, and do nothing else", async () => {
    const { bench, controller } = await running();
    const cookie = await enter(controller);
    expect((await at(controller, "/api/v1/status", { cookie })).status).toBe(401);
    const before = await bench.controlHead();
    const decision = await fetch(`${controller.url}/api/v1/rollout/pause`, {
      method: "POST",
      headers: { cookie, "content-type": "application/json" },
      body: JSON.stringify({ scope: { fleet: true }, why: "no" }),
    });
    expect(decision.status).toBe(401);
    expect(await bench.controlHead()).toBe(before);
  });

  it("is let in again after a restart of the controller", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    const cookie = await enter(first);
    await first.stop();
    const second = await startController(bench);
    expect((await at(second, "/", { cookie })).status).toBe(200);
  });

  it("answers no other host, no other web page, and lets nothing foreign into the page", async () => {
    const { controller } = await running();
    const cookie = await enter(controller);
    expect(await statusFor(controller, { cookie, host: "evil.example" })).toBe(421);
    expect(await statusFor(controller, { cookie, origin: "https://evil.example" })).toBe(403);
    for (const path of ["/", "/page.js", "/page.css", "/icon.svg"]) {
      const { status, headers } = await at(controller, path, { cookie });
      expect(status).toBe(200);
      expect(headers.get("content-security-policy")).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
          "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      );
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });
});

/** The status of `GET /` with headers that `fetch` does not let one set. */
function statusFor(
  controller: ControllerApi,
  headers: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${controller.url}/`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
    request.end();
  });
}
