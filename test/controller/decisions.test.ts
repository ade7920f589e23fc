import { describe, expect, it } from "vitest";
import { webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { everywhere, pause, quiet, settledFleet, versions } from "../support/controller-world.ts";
import { appYaml, configMapYaml, fleetYaml, strategyYaml, windowYaml } from "../support/fleet.ts";
import type { Explanation } from "../../src/core/protocol/api.ts";

describe("an operator's decision", { timeout: 60_000 }, () => {
  it("is one commit on control that says who, when and why, and it is obeyed", async () => {
    const { bench, controller } = await settledFleet();
    const scope = { app: "web" };
    const answer = await controller.decide({
      verb: "pause",
      scope,
      why: "looking at it",
      by: "ada",
    });
    const commit = await bench.control("show", "-s", "--format=%an|%cI|%s", answer.commit);
    expect(commit).toMatch(/^ada\|\d{4}-.*\|pause by ada.*looking at it$/);
    const hold = await bench.control("show", `${answer.commit}:holds/app-web.json`);
    expect(JSON.parse(hold)).toMatchObject({ by: "ada", why: "looking at it", scope });
    await bench.fleet.commit(webVersion("2"));
    const status = await eventually("the release is held", async () => {
      const now = await controller.status();
      return now?.releases[0]?.state === "held" && now;
    });
    expect(status.waits.some(({ code }) => code === "held")).toBe(true);
    await pause(500);
    expect(new Set(Object.values(await versions(bench)))).toEqual(new Set(["1"]));
    await controller.decide({ verb: "resume", scope, why: "fine", by: "ada" });
    await everywhere(bench, "2");
  });

  it("that does not apply is refused, and nothing is written", async () => {
    const { bench, controller } = await settledFleet();
    await pause(500);
    const before = await bench.controlHead();
    const decide: typeof controller.decide = (decision) => controller.decide(decision);
    await expect(decide({ verb: "resume", scope: { app: "web" }, why: "x" })).rejects.toThrow(
      /^404 /,
    );
    await expect(decide({ verb: "recover", why: "x" })).rejects.toThrow(/^409 .*NOT_NOW/);
    const commit = "0".repeat(40);
    await expect(decide({ verb: "accept-head", commit, why: "x" })).rejects.toThrow(/^409 /);
    const body = JSON.stringify({ why: "x", scope: {} });
    const answer = await controller.request("/api/v1/rollout/pause", { method: "POST", body });
    expect(answer.status).toBe(400);
    const unknown = await controller.request("/api/v1/rollout/explode", { method: "POST", body });
    expect(unknown.status).toBe(404);
    expect(await bench.controlHead()).toBe(before);
  });

  it("that names what can be no name is refused with a hint, and all goes on", async () => {
    const { bench, controller } = await settledFleet();
    const before = await bench.controlHead();
    const scopes = [{ app: "apps/web" }, { stage: "rest/../../head" }, { site: "a1.json" }];
    for (const scope of [...scopes, { region: "EU" }]) {
      for (const verb of ["pause", "resume"]) {
        const body = JSON.stringify({ why: "x", scope });
        const path = `/api/v1/rollout/${verb}`;
        const answer = await controller.request(path, { method: "POST", body });
        expect(answer.status).toBe(400);
        const told = await answer.text();
        expect(told).toContain("cannot be the name of");
        expect(told).toContain("at most 63 characters");
      }
    }
    expect(await bench.controlHead()).toBe(before);
    await bench.fleet.commit(webVersion("2"));
    await everywhere(bench, "2");
  });

  it("that pauses what there is not is refused with what was meant: it would hold nothing", async () => {
    const { bench, controller } = await settledFleet();
    const before = await bench.controlHead();
    const unknown = {
      wbe: { app: "wbe" },
      canari: { app: "web", stage: "canari" },
      s99: { site: "s99" },
      nowhere: { region: "nowhere" },
    };
    for (const [name, scope] of Object.entries(unknown)) {
      const body = JSON.stringify({ why: "x", scope });
      const path = "/api/v1/rollout/pause";
      const answer = await controller.request(path, { method: "POST", body });
      expect(answer.status).toBe(404);
      expect(await answer.text()).toMatch(new RegExp(`there is no \\w+ \\\\"${name}\\\\"`, "u"));
    }
    expect(await bench.controlHead()).toBe(before);
    await controller.decide({ verb: "pause", scope: { app: "web", stage: "canary" }, why: "x" });
  });

  it("that approves a stage names what goes next for it depends on the app", async () => {
    const { bench, controller } = await settledFleet();
    const rollout = { rollout: { strategy: "asked" } };
    await bench.fleet.commit({
      "strategies/asked.yaml": strategyYaml("asked", { stages: [{ name: "all", approval: true }] }),
      "apps/web.yaml": appYaml("web", { spec: rollout }),
      "apps/till.yaml": appYaml("till", { spec: { dependsOn: ["web"] } }),
      "manifests/till/settings.yaml": configMapYaml("settings"),
    });
    await eventually("till is everywhere", async () => {
      const till = (await controller.status())?.apps.find(({ app }) => app === "till");
      return till?.healthy === 4;
    });
    await quiet(bench);
    await bench.fleet.commit({
      ...webVersion("2"),
      "manifests/till/settings.yaml": configMapYaml("settings", { version: "2" }),
    });
    const [web, till] = await eventually("both releases are open", async () => {
      const releases = (await controller.status())?.releases ?? [];
      const found = ["web", "till"].map((app) => releases.find((each) => each.app === app));
      return found.every((each) => each !== undefined)
        ? found.map((each) => each.release.id)
        : false;
    });
    const word = { app: "web", release: web ?? "", stage: "all", why: "seen" };
    expect((await controller.decide({ verb: "approve", ...word })).message).toBe(
      `approved stage all of ${web}; where it is healthy ${till} may go next, for that depends on it`,
    );
  });

  it("cannot forge the records of other events through its words", async () => {
    const { bench, controller } = await settledFleet();
    const why = "fine\n\nFlotilla-Ended: web/x abc done -";
    const { commit } = await controller.decide({ verb: "pause", scope: { app: "web" }, why });
    const message = await bench.control("show", "-s", "--format=%B", commit);
    expect(message).not.toMatch(/^Flotilla-Ended/m);
  });
});

describe("explain", { timeout: 120_000 }, () => {
  it("tells why an app is at a site, with selector and place, and why another is not", async () => {
    const { controller } = await settledFleet();
    const ask = async (site: string, app: string): Promise<Response> =>
      controller.request(`/api/v1/explain?site=${site}&app=${app}`);
    const there = (await (await ask("a1", "web")).json()) as Explanation;
    expect(there).toMatchObject({ placed: true, answer: "web is at a1, as its virtual sites say" });
    expect(there.because).toEqual(["virtual site all holds a1: all: true (virtual/all.yaml:4)"]);
    expect(there.observed?.sync).toBe("Synced");
    const noApp = await ask("a1", "wbe");
    expect([noApp.status, await noApp.json()]).toEqual([
      404,
      { code: "NOT_FOUND", message: 'there is no app "wbe"', hint: 'did you mean "web"?' },
    ]);
    const noSite = await ask("nowhere", "web");
    expect([noSite.status, await noSite.json()]).toMatchObject([
      404,
      { code: "NOT_FOUND", message: 'there is no site "nowhere"' },
    ]);
    expect((await controller.request("/api/v1/diff?site=a11")).status).toBe(404);
  });

  it("tells that the newest commit is not followed, why, and from which all goes on", async () => {
    const { bench, controller } = await settledFleet();
    const ask = async (app: string): Promise<Response> =>
      controller.request(`/api/v1/explain?site=a1&app=${app}`);
    expect((await (await ask("web")).json()) as Explanation).toMatchObject({ refused: null });
    const followed = (await bench.fleet.git("rev-parse", "HEAD")).trim();
    const broken = "kind: App\n  broken: [\n";
    const commit = await bench.fleet.commit({ "apps/web.yaml": broken, "apps/more.yaml": broken });

    const told = await eventually("it is told", async () => {
      const explanation = (await (await ask("web")).json()) as Explanation;
      return explanation.refused !== null && explanation;
    });
    expect(told.refused?.commit).toBe(commit);
    expect(told.refused?.mistakes.length).toBeGreaterThan(1);
    const [, place = "", more = "", from = ""] =
      /^web is at a1, as its virtual sites say; commit \w{7} is not followed: (\S+): .* \(and (\d+) more errors?\); everything goes on from (\w{7}), the last one that is$/.exec(
        told.answer,
      ) ?? [];
    expect(place).toMatch(/^apps\/(web|more)\.yaml:\d+:\d+$/);
    expect(Number(more)).toBe((told.refused?.mistakes.length ?? 0) - 1);
    expect(from).toBe(followed.slice(0, 7));
    expect(await (await ask("more")).text()).toContain("why the newest commit is not followed");
  });

  it("tells that the version in Git is known to be bad, and what ends that", async () => {
    const { bench, controller } = await settledFleet();
    const scope = { app: "web", stage: "rest" };
    await controller.decide({ verb: "pause", scope, why: "look first" });
    await bench.fleet.commit(webVersion("2"));
    await eventually("the canary has it", async () => (await versions(bench))["a1"] === "2");
    await controller.decide({ verb: "rollback", app: "web", why: "wrong numbers" });
    await everywhere(bench, "1");
    await controller.decide({ verb: "resume", scope, why: "gone back" });
    await bench.fleet.commit(webVersion("3"));
    await everywhere(bench, "3");
    await quiet(bench);
    await bench.fleet.commit(webVersion("2"));

    const told = await eventually("it is told", async () => {
      const answer = await controller.request("/api/v1/explain?site=b2&app=web");
      const explanation = (await answer.json()) as Explanation;
      return explanation.waits.length > 0 && explanation;
    });
    const reason =
      "the followed commit has a version of web that is known to be bad: it is not tried again";
    expect(told.waits).toMatchObject([
      { code: "bad-version", site: null, reason, endsWhen: "a newer commit changes web" },
    ]);
    expect(told.answer).toBe(`web is at b2, as its virtual sites say: ${reason}`);
    expect(new Set(Object.values(await versions(bench)))).toEqual(new Set(["3"]));
  });
});

describe("an urgent release", () => {
  it("goes out in a freeze as its strategy had declared, and everybody is told who said so", async () => {
    const { bench, controller } = await settledFleet();
    const spec = {
      stages: [{ name: "canary", selector: "ring=canary" }, { name: "rest" }],
      soak: "1h",
      minReady: "0s",
      maxInFlight: "100%",
      maxUnavailable: "100%",
    };
    const freeze = {
      virtualSites: ["all"],
      closed: [{ from: "2020-01-01", until: "2120-01-01", why: "sale", all: true }],
    };
    await bench.fleet.commit({
      "strategies/fast.yaml": strategyYaml("fast", spec),
      "windows/freeze.yaml": windowYaml("freeze", freeze),
      "fleet.yaml": fleetYaml({ rollout: { strategy: "fast" }, windows: ["freeze"] }),
    });
    await quiet(bench);
    const urgent = { stages: ["rest"], soak: "0s", windows: "ignore" };
    await bench.fleet.commit({
      ...webVersion("2"),
      "strategies/fast.yaml": strategyYaml("fast", { ...spec, urgent }),
    });
    await eventually("the freeze holds it", async () =>
      (await controller.status())?.waits.some(({ code }) => code === "window"),
    );
    const word = { verb: "urgent", app: "web", why: "the tills are down", by: "ada" } as const;
    await expect(controller.decide(word)).rejects.toThrow(/^409 .*does not say what urgent means/);

    await bench.fleet.commit({ "README.md": "a commit of its own" });
    const answer = await eventually("it is allowed from the next commit on", async () =>
      controller.decide(word).catch(() => null),
    );
    expect(answer.message).toMatch(/^web-.* is urgent: stages canary, rest, no soak, no windows$/);
    await everywhere(bench, "2");
    const subject = await bench.control("show", "-s", "--format=%an|%s", answer.commit);
    expect(subject).toMatch(/^ada\|urgent by ada, web-.* is urgent: .*: the tills are down$/);
  });
});
