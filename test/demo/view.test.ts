import { describe, expect, it } from "vitest";
import type { FleetStatus } from "../../src/core/protocol/api.ts";
import type { DemoState } from "../../src/demo/demo.ts";
import { plainDisplay } from "../../src/demo/display.ts";
import { createScreen } from "../../src/demo/screen.ts";
import { createStyle, fitLine, foldLine, widthOf } from "../../src/demo/style.ts";
import { liveView, plainLine } from "../../src/demo/view.ts";
import { anApp, aSite, aStage } from "../support/page-status.ts";

const commit = "4be1c07d5b57875f334f61aebed695e2e4193db5";
const healthy = anApp("web");
const moving = anApp("web", { sync: "OutOfSync", health: "Progressing" });
const status: FleetStatus = {
  fleet: "acme",
  revision: `main@sha1:${commit}`,
  refused: null,
  sites: { total: 3, synced: 2, healthy: 1, offline: 1, suspended: 0 },
  regions: [
    { name: "asia", sites: 2, worker: "live", message: "" },
    { name: "eu", sites: 1, worker: "silent", message: "" },
  ],
  apps: [],
  siteList: [
    aSite("tokyo", "asia", { apps: [healthy] }),
    aSite("osaka", "asia", { reachable: false, apps: [healthy] }),
    aSite("paris", "eu", { apps: [moving] }),
  ],
  releases: [
    {
      app: "web",
      release: { id: "web-2" },
      kind: "app",
      state: "soaking",
      stages: [
        aStage("canary", { sites: 1, waiting: 0, done: 1, opened: true, passed: true }),
        aStage("rest", { sites: 2, waiting: 0, done: 1, inFlight: 1, opened: true }),
      ],
    },
  ],
  waits: [
    {
      app: "web",
      release: "web-2",
      stage: "rest",
      site: "paris",
      code: "progressing",
      reason: "in flight: 1 of 2 pods are ready",
      endsWhen: "it is healthy for 1s",
    },
  ],
  holds: [],
  warnings: [],
};
const state: DemoState = {
  status,
  lastStatus: status,
  broken: [{ kind: "site", name: "osaka", how: "refuse" }],
  ended: [],
  change: {
    commit,
    commitToSeenMs: 300,
    handedOver: 3,
    applied: 2,
    sites: 3,
    seenToLastSiteMs: 8500,
    timeToEffectMs: { p50: 210, p85: 250, p99: 250, max: 250 },
  },
};

const [wait] = status.waits;
const [release] = status.releases;
const long: FleetStatus = {
  ...status,
  releases: release === undefined ? [] : [{ ...release, kind: "removal" }],
  waits:
    wait === undefined
      ? []
      : [
          {
            ...wait,
            reason: "in flight: Progressing: Deployment web/web: 0 of 2 pods are ready",
            endsWhen:
              "it is healthy for 1s, or its deadline 2026-11-25T22:10:22.189Z, or an operator",
          },
        ],
};
/** With a reason that is longer than a terminal is wide. */
const withDeadline: DemoState = { ...state, status: long, lastStatus: long };

const plain = createStyle({ color: false, unicode: false });

describe("the live view", () => {
  it("keeps what can be pressed where a terminal is too low for all", () => {
    const options = { style: plain, columns: 100, footer: ["s site", "q quit"] };
    const all = liveView(state, options);
    expect(liveView(state, { ...options, rows: all.length })).toEqual(all);
    const low = liveView(state, { ...options, rows: 6 });
    expect(low).toEqual([...all.slice(0, 3), "...", "", all.at(-1)]);
    expect(low.at(-1)).toContain("q quit");
  });

  it("ends or starts no line with a bar between words, at any width", () => {
    const footer = [
      "break or heal:",
      "s site",
      "|",
      "e suggested edit",
      "q quit",
      "|",
      "fleet: /x",
    ];
    for (let columns = 20; columns <= 80; columns++) {
      const lines = liveView(state, { style: plain, columns, footer });
      const keys = lines.slice(lines.lastIndexOf("") + 1);
      expect(keys.filter((line) => /^\s*\||\|\s*$/.test(line))).toEqual([]);
      expect(keys.join(" ")).toContain("fleet: /x");
    }
    const [wide] = liveView(state, { style: plain, columns: 80, footer }).slice(-1);
    expect(wide).toBe("break or heal:  s site  |  e suggested edit  q quit  |  fleet: /x");
  });

  it("breaks long lines between words at 80 and 100 columns, and loses no word", () => {
    const footer = ["s site", "q quit"];
    const view = (columns: number): string[] =>
      liveView(withDeadline, { style: plain, columns, footer });
    const words = (lines: readonly string[]): string[] => lines.join(" ").trim().split(/\s+/);
    for (const columns of [80, 100]) {
      expect(words(view(columns))).toEqual(words(view(1000)));
      expect(Math.max(...view(columns).map(widthOf))).toBeLessThanOrEqual(columns);
    }
    expect(view(80).slice(5, 15).join("\n")).toMatchInlineSnapshot(`
      "  web (removal)  + canary 1/1  ~ rest 1/2 (1 in flight, soaking)
          in flight: Progressing: Deployment web/web: 0 of 2 pods are ready; ends when
              it is healthy for 1s, or its deadline 2026-11-25 22:10:22 UTC, or an
              operator

      last change 4be1c07d: seen 0.30 s after the commit, at the last site so far
          8.80 s after it
        2 of 3 hand-overs applied, 0.21 s after each (slowest 0.25 s)

      broken: site osaka refuses connections"
    `);
    expect(view(100).slice(5, 13).join("\n")).toMatchInlineSnapshot(`
      "  web (removal)  + canary 1/1  ~ rest 1/2 (1 in flight, soaking)
          in flight: Progressing: Deployment web/web: 0 of 2 pods are ready; ends when it is healthy for
              1s, or its deadline 2026-11-25 22:10:22 UTC, or an operator

      last change 4be1c07d: seen 0.30 s after the commit, at the last site so far 8.80 s after it
        2 of 3 hand-overs applied, 0.21 s after each (slowest 0.25 s)

      broken: site osaka refuses connections"
    `);
  });

  it("shows what is cut where a terminal is too low to break long lines", () => {
    const options = { style: plain, columns: 80, footer: ["q quit"] };
    const all = liveView(withDeadline, options);
    const low = liveView(withDeadline, { ...options, rows: all.length - 1 });
    expect(low).toContain(
      "    in flight: Progressing: Deployment web/web: 0 of 2 pods are ready; ends w...",
    );
    expect(low.at(-1)).toBe("q quit");
  });

  it("tells regions, sites, releases with their reasons, the last change and what is broken", () => {
    const lines = liveView(state, { style: plain, columns: 100, footer: ["q quit"] });
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "acme at main@4be1c07d: 2/3 in sync, 1/3 healthy, 1 offline

        asia 1/2  + tokyo  x osaka (offline)
        eu   0/1 worker silent  . paris

        web  + canary 1/1  ~ rest 1/2 (1 in flight, soaking)
          in flight: 1 of 2 pods are ready; ends when it is healthy for 1s

      last change 4be1c07d: seen 0.30 s after the commit, at the last site so far 8.80 s after it
        2 of 3 hand-overs applied, 0.21 s after each (slowest 0.25 s)

      broken: site osaka refuses connections

      q quit"
    `);
  });

  it("tells the same without colours, and fits every width", () => {
    const coloured = createStyle({ color: true, unicode: true });
    for (const columns of [20, 40, 80, 200]) {
      const lines = liveView(state, { style: coloured, columns, footer: ["s site", "q quit"] });
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
      expect(lines.join("")).toContain("\u001b[32m");
    }
    const without = liveView(state, { style: plain, columns: 80, footer: [] }).join("");
    expect(without).not.toContain("\u001b");
  });

  it("tells why a commit is not followed, and that one changes no site", () => {
    const lines = (changed: Partial<FleetStatus>): string => {
      const next = { ...status, ...changed };
      const change = state.change && { ...state.change, handedOver: 0 };
      const view = { ...state, status: next, lastStatus: next, change };
      return liveView(view, { style: plain, columns: 100, footer: [] }).join("\n");
    };
    const reason = "app.yaml:3:5: error: there is no Site";
    expect(lines({ refused: { commit, reason, mistakes: [] } })).toContain(
      `commit 4be1c07d is not followed:\n${reason}`,
    );
    expect(lines({ refused: { commit, reason, mistakes: [] } })).not.toContain("last change");
    expect(lines({ releases: [] })).toContain("it changes no site");
    expect(lines({})).toContain("nothing is handed over yet");
    // The record of the commit is read before the status that knows of it.
    expect(lines({ releases: [], revision: null })).toContain("nothing is handed over yet");
    expect(lines({ releases: [], revision: "main@sha1:0" })).toContain("nothing is handed over");
  });

  it("tells that it starts, and no counts, before the first commit is followed", () => {
    const sites = { total: 0, synced: 0, healthy: 0, offline: 0, suspended: 0 };
    const empty = { ...status, fleet: "", revision: null, sites, regions: [], siteList: [] };
    const first = { ...empty, releases: [], waits: [] };
    const view = { ...state, status: first, lastStatus: first, broken: [], change: null };
    expect(liveView(view, { style: plain, columns: 100, footer: [] })).toEqual([
      "starting: no commit is followed yet",
    ]);
    expect(plainLine(view)).toBe("no commit is followed yet");
    const none = { ...view, status: null, lastStatus: null };
    expect(liveView(none, { style: plain, columns: 100, footer: [] })).toEqual([
      "starting: the controller is not up yet",
    ]);
    expect(plainLine(none)).toBe("the controller is not up yet");
  });

  it("keeps showing the sites while the controller is away", () => {
    const lines = liveView({ ...state, status: null }, { style: plain, columns: 80, footer: [] });
    expect(lines[0]).toBe("the controller does not answer; workers go on without it");
    expect(lines.join("\n")).toContain("tokyo");
  });
});

describe("plain lines", () => {
  it("come once for each thing that changes", () => {
    let written = "";
    const display = plainDisplay(
      (text) => void (written += text),
      () => "1.0 s",
    );
    display.show(state, []);
    display.show({ ...state, change: null }, []);
    expect(written).toBe(`1.0 s ${plainLine(state)}\n`);
    expect(plainLine(state)).toBe(
      "2/3 sites in sync, 1/3 healthy, 1 offline; web 2/3 (stage rest, soaking); silent: eu; broken: site osaka refuses connections",
    );
    display.show({ ...state, broken: [] }, []);
    expect(written.split("\n")).toHaveLength(3);
  });
});

describe("a line that is too long", () => {
  const red = createStyle({ color: true, unicode: true }).tone("bad", "abc def ghi");

  it("shows where it is cut, and keeps its colours closed", () => {
    expect(fitLine(red, 6)).toBe("\u001b[31mabc...\u001b[39m");
    expect(fitLine("abc", 3)).toBe("abc");
  });

  it("keeps its colours on each of the lines that it is broken onto", () => {
    const [first, ...others] = foldLine(`  ${red} j`, 9);
    expect(first).toBe("  \u001b[31mabc def\u001b[39m\u001b[22m");
    expect(others).toEqual(["    \u001b[31mghi\u001b[39m j"]);
    expect(foldLine("abc", 3)).toEqual(["abc"]);
  });
});

describe("the screen", () => {
  it("draws over what it drew, and leaves lines above it", () => {
    const size = { columns: 20, rows: 10 };
    const terminal = aTerminal(size);
    const screen = createScreen(terminal);
    screen.draw(["one", "two"]);
    screen.say("said");
    screen.draw(["one", "three", "four"]);
    screen.close();
    expect(terminal.lines()).toEqual(["said", "one", "three", "four"]);
  });

  it("writes nothing where nothing changed, and draws anew where the terminal did", () => {
    const size = { columns: 20, rows: 10 };
    const terminal = aTerminal(size);
    const screen = createScreen(terminal);
    screen.draw(["a long line of 22 chars"]);
    const before = terminal.written();
    screen.draw(["a long line of 22 chars"]);
    expect(terminal.written()).toBe(before);
    size.columns = 10;
    size.rows = 2;
    screen.draw(["a long line of 22 chars", "below"]);
    // The terminal has wrapped the 20 characters that stood there; two rows leave one line room.
    expect(terminal.written().slice(before.length)).toBe(
      "\u001b[?25l\u001b[2A\r\u001b[Ja long ...\n",
    );
  });
});

/** A terminal that understands what the screen sends. */
function aTerminal(size: { columns: number; rows: number }) {
  let written = "";
  const lines = (): string[] => {
    const shown: string[] = [""];
    // oxlint-disable-next-line no-control-regex -- these are control sequences
    for (const [token] of written.matchAll(/\u001b\[\??\d*[A-Za-z]|\r|\n|[^\u001b\r\n]+/g)) {
      if (token === "\n") shown.push("");
      else if (token.endsWith("A") && token.startsWith("\u001b")) {
        shown.length -= Number(token.slice(2, -1));
        shown[shown.length - 1] = "";
      } else if (!token.startsWith("\u001b") && token !== "\r") {
        shown[shown.length - 1] += token;
      }
    }
    return shown.slice(0, -1);
  };
  return {
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    write: (text: string) => void (written += text),
    written: () => written,
    lines,
  };
}
