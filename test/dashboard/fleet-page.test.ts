import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FleetStatus } from "../../src/core/protocol/api.ts";
import { renderLive, renderPage } from "../../src/dashboard/fleet-page.ts";
import { html } from "../../src/dashboard/html.ts";
import { hrefOf, readQuery } from "../../src/dashboard/page-query.ts";
import {
  anApp,
  aSite,
  aStage,
  aStatus,
  aWait,
  inTrouble,
  midRollout,
} from "../support/page-status.ts";

const queryOf = (text: string): ReturnType<typeof readQuery> =>
  readQuery(new URLSearchParams(text));

function live(status: FleetStatus, query = ""): string {
  return renderLive({ status, problem: null }, queryOf(query)).markup.text;
}

/** What a reader sees of markup, in one line. */
function textOf(markup: string): string {
  return markup
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ");
}

const shown = (status: FleetStatus, query = ""): string => textOf(live(status, query));

describe("the totals of the page", () => {
  it("are those of the status", () => {
    const siteList = [
      aSite("oslo", "nordics", { reachable: false }),
      aSite("bergen", "nordics", { suspended: true }),
      aSite("berlin", "central", { apps: [anApp("web", { health: "Degraded" })] }),
    ];
    const text = shown(aStatus({ siteList }));
    expect(text).toContain("Sites 3 2 regions");
    expect(text).toContain("In sync 2 1 not");
    expect(text).toContain("Healthy 1 2 not");
    expect(text).toContain("Offline 1 show");
    expect(text).toContain("Suspended 1 show");
    expect(text).toContain("Silent workers 0 of 2 regions");
    expect(text).toContain("No rollout under way, but not every site is well.");
  });

  it("name the followed commit, and say so where there is none", () => {
    expect(shown(aStatus())).toContain("Follows main at 4be1c07d5b57");
    expect(shown(aStatus({ revision: null }))).toContain("Follows no commit followed yet");
  });

  it("name the sites that leave the fleet, as the status does", () => {
    const siteList = ["oslo", "bergen"].map((site) => aSite(site, "nordics", { leaving: true }));
    const text = shown(aStatus({ siteList: [...siteList, aSite("berlin", "central")] }));
    expect(text).toContain("Leaving the fleet: oslo, bergen");
    expect(shown(aStatus())).not.toContain("Leaving");
  });
});

describe("what is to decide", () => {
  it("is every mistake of a refused head, with its place", () => {
    const refused = {
      commit: "9f1e6d2c4b3a5968778695a4b3c2d1e0f9a8b7c6",
      reason: "a.yaml:3:1: one (and 1 more error)",
      mistakes: ["a.yaml:3:1: error: one", "b.yaml:7:9: error: two; do three"],
    };
    const text = shown(aStatus({ refused }));
    expect(text).toContain("Commit 9f1e6d2c4b3a is not followed");
    expect(text).toContain("a.yaml:3:1: error: one");
    expect(text).toContain("b.yaml:7:9: error: two; do three");
    expect(text).toContain("All goes on from the last valid commit.");
  });

  it.each([
    ["stage", "rest", ["--stage rest"]],
    ["deletions", "12", ["--deletions 12"]],
    ["verb", "", ["--removal delete", "--removal orphan"]],
  ] as const)("is an approval of %s with the command that gives it", (what, value, options) => {
    const needs = { app: "web", release: "web-2", what, value };
    const text = shown(aStatus({ waits: [aWait("web", { code: "approval", needs })] }));
    for (const option of options) {
      expect(text).toContain(`flotilla rollout approve web web-2 ${option} --why "..."`);
    }
    expect(text).toContain("1 thing to decide");
  });

  it("is an approval once, however many sites and tied releases wait for it", () => {
    const needs = { app: "web", release: "web-2", what: "stage", value: "rest" } as const;
    const waits = ["a", "b", null].map((site) => aWait("web", { site, needs }));
    const tied = aWait("db", { reason: "tied", needs });
    expect(live(aStatus({ waits: [...waits, tied] })).match(/waits for an approval/g)).toHaveLength(
      1,
    );
  });

  it("is a rollout that has stopped, with the commands to retry and to excuse", () => {
    const text = shown(inTrouble(240));
    expect(text).toContain("storefront has stopped in stage rest");
    expect(text).toContain("its failureBudget is 4");
    expect(text).toContain("flotilla rollout retry storefront storefront-77c0ffee-4be1c07d --why");
    expect(text).toMatch(/flotilla rollout excuse storefront \S+ --site sevilla-0045 --why/);
  });

  it("is a release that went back, which goes on by a retry and by no excuse", () => {
    const waits = [
      aWait("web", { code: "rolling-back", reason: "web-1 goes back: 1 site failed" }),
      aWait("web", { code: "failed", site: "oslo" }),
    ];
    const text = shown(aStatus({ waits }));
    expect(text).toContain("web-1 goes back: 1 site failed");
    expect(text).toContain("flotilla rollout retry web web-1 --why");
    expect(text).not.toContain("rollout excuse");
  });

  it("is a release that goes back while other sites of its stage wait for the same", () => {
    const back = { code: "rolling-back", reason: "web-1 goes back: 1 site failed" } as const;
    const waits = [aWait("web", { ...back, site: "bergen" }), aWait("web", back)];
    const text = shown(aStatus({ waits }));
    expect(text).toContain("1 thing to decide");
    expect(text).toContain("flotilla rollout retry web web-1 --why");
    const atSite = shown(aStatus({ waits: waits.slice(0, 1) }));
    expect(atSite).not.toContain("rollout retry");
  });

  it("is a region whose worker is silent", () => {
    const regions = [
      {
        name: "nordics",
        sites: 2,
        worker: "silent",
        message: "silent since 2026-03-02T14:02:11.123Z",
      },
    ] as const;
    const text = shown(aStatus({ regions }));
    expect(text).toContain("The worker of region nordics is silent");
    expect(text).toContain("Silent since 2026-03-02 14:02:11 UTC .");
    expect(live(aStatus({ regions }))).toContain(
      '<time datetime="2026-03-02T14:02:11.123Z">2026-03-02 14:02:11 UTC</time>',
    );
    expect(text).toContain('flotilla rollout excuse --region nordics --why "..."');
  });

  it("is no region that somebody has excused: it says so where it stands", () => {
    const message = "silent since 2026-03-02T14:02:11.123Z; excused by ada: its host burnt";
    const region = { name: "nordics", sites: 3, worker: "silent", excused: true, message } as const;
    const text = shown(aStatus({ regions: [region] }));
    expect(text).not.toContain("To decide");
    expect(text).toContain("excused by ada: its host burnt");
    expect(text).toContain("worker silent");
  });

  it("keeps the name of a site as it is written, and tells times as people read them", () => {
    const waits = [
      aWait("web", { site: "oslo", reason: "oslo does not answer" }),
      aWait("web", { reason: "stage soaks", endsWhen: "it is 2026-03-02T14:02:11.123Z" }),
    ];
    const text = shown(aStatus({ waits }));
    expect(text).toContain("oslo does not answer");
    expect(text).toContain("Stage soaks");
    expect(text).toContain("it is 2026-03-02 14:02:11 UTC");
  });

  it("quotes what a shell would read otherwise", () => {
    const needs = { app: "web", release: "x; rm -rf '~'", what: "stage", value: "$(id)" } as const;
    const text = shown(aStatus({ waits: [aWait("web", { needs })] }));
    expect(text).toContain(`approve web 'x; rm -rf '\\''~'\\''' --stage '$(id)' --why`);
  });
});

describe("a rollout on the page", () => {
  const release = { id: "web-2", digest: "d", renderer: 1, source: "4be1c07d5b57875f334f61ae" };
  const stages = [
    aStage("canary", { done: 1, waiting: 0, opened: true, passed: true }),
    aStage("rest", {
      sites: 37,
      done: 20,
      inFlight: 3,
      waiting: 10,
      failed: 1,
      unchanged: 1,
      excused: 2,
      opened: true,
      failureBudget: 2,
      maxInFlight: 3,
      maxUnavailable: 4,
    }),
  ];
  const waits = ["a", "b", "c"].map((site) =>
    aWait("web", {
      site,
      release: "web-2",
      reason: "3 of 3 are in flight",
      endsWhen: "one settles",
    }),
  );
  const status = aStatus({
    releases: [{ app: "web", release, kind: "app", state: "moving", stages }],
    waits,
  });

  it("shows every number of its stages, and the budgets", () => {
    const text = shown(status);
    expect(text).toContain("web ↻ moving a new version at 38 sites, commit 4be1c07d5b57 web-2");
    expect(text).toContain("canary ✓ passed");
    expect(text).toContain(
      "20 of 37 done 3 in flight 1 failed 1 unchanged 2 excused 10 waiting " +
        "in flight 3 of at most 3 · failed 1 of at most 2 · unavailable at most 4 · soak 5m",
    );
  });

  it("says who called it urgent, and why", () => {
    const urgent = { by: "ada", at: "2030-01-01T00:00:00Z", why: "the tills are down" };
    const releases = status.releases.map((each) => ({ ...each, urgent }));
    expect(shown({ ...status, releases })).toContain("urgent, says ada: the tills are down");
  });

  it("says once why its sites wait and what ends it", () => {
    expect(shown(status)).toContain("3 of 3 are in flight ends when one settles 3 sites: a, b, c");
  });

  it("says what a removal still waits for where its stage has passed without a site", () => {
    const passed = [aStage("rest", { excused: 1, waiting: 0, opened: true, passed: true })];
    const wait = aWait("web", { site: "oslo", release: "web-2", reason: "oslo does not answer" });
    const removal = {
      app: "web",
      release,
      kind: "removal",
      state: "done",
      stages: passed,
    } as const;
    expect(shown({ ...status, releases: [removal], waits: [wait] })).toContain(
      "oslo does not answer ends when 4m more have passed without a failure 1 site: oslo",
    );
  });

  it("shows waits of no open release beside it", () => {
    const other = aWait("db", {
      release: null,
      stage: null,
      site: "oslo",
      reason: "no release yet",
    });
    expect(shown({ ...status, waits: [...waits, other] })).toMatch(
      /Other waits db : No release yet ends when .* 1 site: oslo/,
    );
  });

  it("shows holds with the command that ends them", () => {
    const target = { app: "web", stage: "rest" };
    const holds = [{ id: "h", scope: "app web, stage rest", target, by: "ada", why: "look" }];
    const text = shown({ ...status, holds });
    expect(text).toContain("Held: app web, stage rest look (by ada)");
    expect(text).toContain('flotilla rollout resume --app web --stage rest --why "..."');
  });
});

describe("the sites of the page", () => {
  it("stand by region, closed, until a region is opened: then fifty of them, worst first", () => {
    const status = midRollout(3000);
    const closed = live(status);
    expect(closed.match(/<details/g)).toHaveLength(30);
    expect(closed).not.toMatch(/<details[^>]*\sopen/);
    expect(closed).not.toContain("oslo-0092");
    const opened = live(status, "region=region-03");
    expect(opened.match(/<details[^>]*\sopen/g)).toHaveLength(1);
    expect(opened.match(/data-key="site-/g)).toHaveLength(50);
    expect(textOf(opened)).toMatch(/What differs leipzig-0962 ✕ not healthy .*CrashLoopBackOff/);
    expect(opened).toContain('href="/?region=region-03%3A2"');
  });

  it("are offline where their region's worker is silent, with what was heard last", () => {
    const text = shown(midRollout(240), "region=region-02");
    expect(text).toContain("region-02 ✕ worker silent 0 of 80 well 80 offline");
    expect(text).toMatch(
      /bergen-0001 ✕ offline stock – Unknown – Unknown \S+ worker silent; last: Healthy/,
    );
  });

  it("stay small for a fleet of 3,000, whatever is asked for", () => {
    const status = inTrouble(3000);
    expect(live(status).length).toBeLessThan(60_000);
    expect(live(status, "show=unwell").length).toBeLessThan(120_000);
    const everything = status.regions.map(({ name }) => `region=${name}`).join("&");
    expect(live(status, everything).match(/<details[^>]*\sopen/g)).toHaveLength(10);
  });

  it("are found by a part of the name of site, region or app, page by page", () => {
    const status = midRollout(3000);
    expect(shown(status, "q=OSLO-")).toContain("120 sites found.");
    expect(shown(status, "q=region-07")).toContain("100 sites found.");
    expect(shown(status, "q=till")).toContain("1 to 50 of 3,000");
    expect(shown(status, "q=till&page=60")).toContain("2,951 to 3,000 of 3,000");
    expect(shown(status, "q=till&page=999")).toContain("2,951 to 3,000 of 3,000");
    expect(shown(status, "q=nowhere")).toContain("0 sites found.");
  });

  it.each([
    ["unsynced", ["c", "a"]],
    ["unhealthy", ["b", "c"]],
    ["offline", ["c"]],
    ["suspended", ["d"]],
  ])(
    "that are %s are listed alone, and one offline is neither in sync nor healthy",
    (show, sites) => {
      const siteList = [
        aSite("a", "r", {
          apps: [anApp("web", { sync: "OutOfSync", message: "not handed over" })],
        }),
        aSite("b", "r", { apps: [anApp("web", { health: "Degraded" })] }),
        aSite("c", "r", { reachable: false }),
        aSite("d", "r", { suspended: true }),
      ];
      const found = live(aStatus({ siteList }), `show=${show}`);
      expect(found.match(/data-key="site-(.)"/g)).toEqual(
        sites.map((site) => `data-key="site-${site}"`),
      );
    },
  );

  it("show what stands there: sync, health, revision and what differs", () => {
    const app = anApp("web", {
      sync: "OutOfSync",
      health: "Missing",
      message: "not handed over yet",
    });
    const text = shown(aStatus({ siteList: [aSite("oslo", "r", { apps: [app] })] }), "region=r");
    expect(text).toContain(
      "oslo ↻ changing web ↻ OutOfSync ✕ Missing a3694ae9 not handed over yet",
    );
  });

  it.each([
    [[anApp("web")], "web ✓ Synced"],
    [[], "no apps"],
  ])("show what is said of the site before what is said of its apps", (apps, then) => {
    const site = aSite("oslo", "r", { suspended: true, message: "its key is refused", apps });
    const text = shown(aStatus({ siteList: [site] }), "region=r");
    expect(text).toContain(`oslo – suspended its key is refused ${then}`);
  });
});

describe("the page", () => {
  it("shows hostile text as text, wherever it comes from", () => {
    const evil = `"><script>alert(1)</script><img src=x onerror='alert(2)'>\u202e`;
    const status = aStatus({
      fleet: evil,
      refused: { commit: evil, reason: evil, mistakes: [evil] },
      siteList: [aSite(evil, "r", { apps: [anApp(evil, { message: evil, release: evil })] })],
      regions: [{ name: "r", sites: 1, worker: "silent", message: evil }],
      releases: [
        { app: evil, release: { id: evil }, kind: "app", state: "held", stages: [aStage(evil)] },
      ],
      waits: [aWait(evil, { reason: evil, endsWhen: evil, site: evil })],
      holds: [{ id: evil, scope: evil, target: { app: evil }, by: evil, why: evil }],
      warnings: [evil],
    });
    for (const query of ["", "region=r", "show=unwell", `q=${encodeURIComponent(evil)}`]) {
      const part = renderLive({ status, problem: evil }, queryOf(query));
      const page = renderPage(part, { tag: '"t"', at: 0 });
      expect(page.match(/<script[^>]*>/g)).toEqual(['<script src="/page.js" defer>']);
      const bare = page.replaceAll(/"[^"]*"/g, '""');
      expect(bare).not.toMatch(/<img|\u202e|<[^>]*\son\w+=|<[^>]*\sstyle=|<style/);
    }
  });

  it("escapes any text so that it comes back as it was", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { text: markup } = html`<p title="${text}">${text}</p>`;
        expect(markup).toMatch(/^<p title="[^"<>]*">[^<>]*<\/p>$/);
      }),
    );
  });

  it("is the same for the same values, and does not say how long ago anything was", () => {
    expect(live(midRollout(240))).toBe(live(midRollout(240)));
  });

  it("works without its script: links and a form, and it loads itself again", () => {
    const page = renderPage(renderLive({ status: midRollout(240), problem: null }, queryOf("")), {
      tag: '"t"',
      at: Date.parse("2026-03-02T14:02:11Z"),
    });
    expect(page).toContain('<noscript><meta http-equiv="refresh" content="15" /></noscript>');
    expect(page).toContain("2026-03-02 14:02:11 UTC");
    expect(page).toContain('<a href="/?region=region-01#region-region-01">');
    expect(page).toMatch(/<form\s+class="search"\s+method="get"/);
  });

  it("says why the controller cannot tell, before it can", () => {
    const { markup } = renderLive({ status: null, problem: "the remote is away" }, queryOf(""));
    expect(textOf(markup.text)).toContain("the remote is away");
  });
});

describe("the query of the page", () => {
  it("reads back what it writes", () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const query = fc.record({
      text: fc.stringMatching(/^[a-z0-9-]{0,20}$/),
      show: fc.constantFrom("all" as const, "unwell" as const, "offline" as const),
      page: fc.integer({ min: 1, max: 999 }),
      regions: fc
        .array(fc.tuple(name, fc.integer({ min: 1, max: 99 })), { maxLength: 10 })
        .map((entries) => new Map(entries)),
    });
    fc.assert(
      fc.property(query, (asked) => {
        expect(readQuery(new URL(hrefOf(asked), "http://x").searchParams)).toEqual(asked);
      }),
    );
  });

  it.each(["page=-1", "page=x", "show=__proto__", "region=../x", "region=a:0", "q=%00"])(
    "takes %s without harm",
    (text) => {
      expect(live(midRollout(240), text)).toContain('id="fleet"');
    },
  );
});
