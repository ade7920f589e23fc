/**
 * A headless Chromium for tests, driven by the DevTools protocol over a pipe. A page is real: it loads over HTTP, runs
 * its script, and is asked by expressions in it.
 *
 *   const page = await openPage({ width: 360 });       // ends with the test
 *   await page.goto(url);
 *   await page.until("document.title === 'x'");
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { isExecutable } from "./is-executable.ts";

const names = ["chromium", "chromium-browser", "google-chrome"];

/** The program, or why there is none. */
export type FoundBrowser =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly reason: string };

/** Looks on the PATH. */
export async function findBrowser(): Promise<FoundBrowser> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      if (await isExecutable(path)) return { ok: true, path };
    }
  }
  return { ok: false, reason: "no Chromium on the PATH (on Debian: apt-get install chromium)" };
}

export interface View {
  readonly width?: number;
  readonly height?: number;
  readonly isPhone?: boolean;
  readonly isDark?: boolean;
  readonly hasScript?: boolean;
}

export interface BrowserPage {
  goto(url: string): Promise<void>;
  /** The value of an expression in the page; awaited, and by value. */
  get<T>(expression: string): Promise<T>;
  /** Waits until the expression is truthy. */
  until(expression: string, timeoutMs?: number): Promise<void>;
  /** `Tab`, `Enter`, `Space`, or one character. */
  press(key: string, modifiers?: { readonly shift?: boolean }): Promise<void>;
  type(text: string): Promise<void>;
  /** Drops all cookies. */
  forget(): Promise<void>;
  /** PNG of what is in view, or of the whole page. */
  shot(path: string, options?: { readonly whole?: boolean }): Promise<void>;
  /** What the page complained of: errors, refused content. */
  readonly complaints: readonly string[];
  /** Every URL it asked for. */
  readonly requests: readonly string[];
}

export interface Browser {
  page(view?: View): Promise<BrowserPage>;
  close(): Promise<void>;
}

/** Starts a browser with a profile of its own. */
export async function startBrowser(): Promise<Browser> {
  const found = await findBrowser();
  if (!found.ok) throw new Error(found.reason);
  const profile = await mkdtemp(join(tmpdir(), "flotilla-browser-"));
  const child = spawn(found.path, [...flags(), `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const wire = new Wire(child);
  return {
    page: (view = {}) => newPage(wire, view),
    close: async () => {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null) {
        await wire.send("Browser.close").catch(() => child.kill("SIGKILL"));
        await exited;
      }
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function flags(): string[] {
  // As root (a container in CI) Chromium does not start with its sandbox; it only ever loads our own pages.
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return [
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    ...asRoot,
  ];
}

type Message = Readonly<Record<string, unknown>>;

interface Pending {
  resolve(result: Message): void;
  reject(error: Error): void;
}

/** Messages of the DevTools protocol, each ended by a zero byte. */
class Wire {
  readonly #in: Writable;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(message: Message) => void>();
  #rest = "";
  #last = 0;

  constructor(child: ChildProcess) {
    this.#in = child.stdio[3] as Writable; // opened as pipes
    const out = child.stdio[4] as Readable;
    out.setEncoding("utf8");
    out.on("data", (chunk: string) => this.#take(chunk));
    this.#in.on("error", () => undefined);
    child.once("exit", () => this.#end(new Error("the browser has ended")));
    child.once("error", (error) => this.#end(error));
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Message> {
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    this.#pending.set(id, { resolve, reject });
    this.#in.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return promise;
  }

  onEvent(listener: (message: Message) => void): void {
    this.#listeners.add(listener);
  }

  #take(chunk: string): void {
    const parts = (this.#rest + chunk).split("\0");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) this.#dispatch(JSON.parse(part) as Message); // the protocol's
  }

  #dispatch(message: Message): void {
    const pending = this.#pending.get(Number(message["id"]));
    if (pending === undefined) {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    this.#pending.delete(Number(message["id"]));
    if (message["error"] === undefined) pending.resolve(message["result"] as Message);
    else pending.reject(new Error(JSON.stringify(message["error"])));
  }

  #end(error: Error): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

type Call = (method: string, params?: object) => Promise<Message>;

async function newPage(wire: Wire, view: View): Promise<BrowserPage> {
  const { browserContextId } = await wire.send("Target.createBrowserContext");
  const target = await wire.send("Target.createTarget", { url: "about:blank", browserContextId });
  const { targetId } = target;
  const attached = await wire.send("Target.attachToTarget", { targetId, flatten: true });
  const sessionId = String(attached["sessionId"]);
  const call: Call = (method, params) => wire.send(method, params, sessionId);
  const [complaints, requests]: [string[], string[]] = [[], []];
  let loads = 0;
  wire.onEvent(({ sessionId: of, method, params }) => {
    if (of !== sessionId) return;
    if (method === "Page.loadEventFired") loads += 1;
    if (method === "Network.requestWillBeSent") requests.push(textAt(params, "request", "url"));
    if (method === "Log.entryAdded") complaints.push(textAt(params, "entry", "text"));
    if (method === "Runtime.exceptionThrown") complaints.push(JSON.stringify(params));
  });
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await call(`${domain}.enable`);
  await setView(call, view);
  const page = { get: <T>(expression: string) => evaluate<T>(call, expression) };
  return {
    ...page,
    complaints,
    requests,
    goto: async (url) => {
      const before = loads;
      await call("Page.navigate", { url });
      await poll(`${url} has loaded`, () => Promise.resolve(loads > before));
    },
    until: (expression, timeoutMs) =>
      poll(expression, () => page.get<boolean>(`Boolean(${expression})`), timeoutMs),
    press: (key, { shift = false } = {}) => press(call, key, shift ? 8 : 0),
    type: (text) => call("Input.insertText", { text }).then(() => undefined),
    forget: () => call("Network.clearBrowserCookies").then(() => undefined),
    shot: async (path, { whole = false } = {}) => {
      const shot = await call("Page.captureScreenshot", { captureBeyondViewport: whole });
      await writeFile(path, Buffer.from(String(shot["data"]), "base64"));
    },
  };
}

function textAt(value: unknown, ...path: readonly string[]): string {
  let found = value;
  for (const name of path) found = (found as Message | undefined)?.[name]; // an event's data
  return String(found);
}

async function evaluate<T>(call: Call, expression: string): Promise<T> {
  const { result, exceptionDetails } = await call("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
  return (result as { value: T }).value; // what the caller expects of its expression
}

async function setView(call: Call, view: View): Promise<void> {
  const { width = 1280, height = 900, isPhone = false, isDark = false, hasScript = true } = view;
  const deviceScaleFactor = isPhone ? 2 : 1;
  const metrics = { width, height, deviceScaleFactor, mobile: isPhone };
  await call("Emulation.setDeviceMetricsOverride", metrics);
  const scheme = { name: "prefers-color-scheme", value: isDark ? "dark" : "light" };
  await call("Emulation.setEmulatedMedia", { features: [scheme] });
  await call("Emulation.setScriptExecutionDisabled", { value: !hasScript });
}

const keys: Readonly<Record<string, { code: number; text?: string }>> = {
  Tab: { code: 9 },
  Enter: { code: 13, text: "\r" },
  Space: { code: 32, text: " " },
};

async function press(call: Call, name: string, modifiers: number): Promise<void> {
  const { code, text } = keys[name] ?? { code: name.toUpperCase().charCodeAt(0), text: name };
  const key = { key: name === "Space" ? " " : name, windowsVirtualKeyCode: code, modifiers };
  const down = text === undefined ? { type: "rawKeyDown" } : { type: "keyDown", text };
  await call("Input.dispatchKeyEvent", { ...key, ...down });
  await call("Input.dispatchKeyEvent", { ...key, type: "keyUp" });
}

async function poll(
  what: string,
  probe: () => Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await probe().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
