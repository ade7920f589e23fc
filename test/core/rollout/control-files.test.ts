import { describe, expect, it } from "vitest";
import {
  controlFile,
  controlPaths,
  parseControl,
  readableFiles,
} from "../../../src/core/rollout/control-files.ts";
import { releaseName } from "../../../src/core/rollout/release-names.ts";
import { stateFiles } from "../../support/control-state.ts";
import { PlannerWorld, someSites } from "../../support/planner-world.ts";

function busyWorld(): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ sites: someSites(4), apps: { web: { version: "v1" }, db: { version: "v1" } } });
  world.run(6);
  world.follow({ sites: { ...someSites(4), s9: {} }, apps: { web: { version: "v2" } } });
  world.decide({ verb: "pause", scope: { app: "web", stage: "rest" }, why: "slowly" });
  return world.run(2);
}

describe("control", () => {
  it("reads back what was written, byte for byte", () => {
    const { control } = busyWorld();
    const files = stateFiles(control);
    const parsed = parseControl(files);
    expect(parsed).toEqual({ ok: true, value: control });
  });

  it("is the state of a new fleet when it has no files", () => {
    expect(parseControl(new Map())).toEqual({
      ok: true,
      value: { head: null, epoch: 0, apps: {}, holds: [], sites: {}, workers: {} },
    });
  });

  it("names the file for every damaged byte, and never reads a damaged record as absent", () => {
    const files = stateFiles(busyWorld().control);
    for (const [path, text] of files) {
      for (const damaged of [
        "",
        "{",
        "null",
        "[]",
        "{}",
        text.slice(0, -3),
        text.replace("{", '{"surprise":1,'),
      ]) {
        const parsed = parseControl(new Map([...files, [path, damaged]]));
        const error = parsed.ok ? undefined : parsed.error;
        expect(error?.code).toBe("STATE_CORRUPT");
        expect(error?.message).toContain(path);
      }
    }
  });

  it("writes nothing that could not be read beside what there is", () => {
    const { control } = busyWorld();
    const open = control.apps["web"]?.open.find(({ kind }) => kind === "app");
    const [hold] = control.holds;
    if (open === undefined || hold === undefined) throw new Error("the world is not busy");
    const write = (...changes: { path: string; record: object | null }[]): unknown =>
      readableFiles(
        control,
        changes.map((each) => ({ ...each, why: "" })),
      );
    const deep = {
      path: controlPaths.hold("app-apps/web"),
      record: { ...hold, id: "app-apps/web" },
    };
    expect(() => write(deep)).toThrow(/holds\/app-apps\/web\.json cannot be read/);
    expect(() => write({ path: controlPaths.hold(hold.id), record: {} })).toThrow(/cannot be read/);
    const other = { ...open, id: "other" };
    const second = { path: controlPaths.open("web", "other"), record: other };
    expect(() => write(second)).toThrow(/two open candidates/);
    const ended = { path: controlPaths.open("web", open.id), record: null };
    expect(() => write(second, ended)).not.toThrow();
    expect(() => write(ended, second)).not.toThrow();
    expect(() => write({ path: controlPaths.open("web", open.id), record: open })).not.toThrow();
  });

  it.each([
    ["apps/web/opne/r.json", "{}"],
    ["surprise.json", "{}"],
    ["holds/deep/x.json", "{}"],
    ["sites/s1.yaml", "{}"],
    ["apps/web", "{}"],
  ])("refuses a file that is no record: %s", (path, text) => {
    const parsed = parseControl(new Map([[path, text]]));
    expect(parsed.ok ? "" : parsed.error.message).toContain(path);
  });

  it("refuses a release under another name, in another app, or beside another candidate", () => {
    const files = stateFiles(busyWorld().control);
    const [path = "", text = ""] = [...files].find(([each]) => each.includes("/open/web")) ?? [];
    for (const other of ["apps/web/open/other.json", path.replace("apps/web", "apps/db")]) {
      const parsed = parseControl(new Map([[other, text]]));
      expect(parsed.ok ? "" : parsed.error.message).toContain(other);
    }
    const twin = text.replace(/"id":"[^"]+"/, '"id":"web-twin"');
    const parsed = parseControl(new Map([...files, ["apps/web/open/web-twin.json", twin]]));
    expect(parsed.ok ? "" : parsed.error.message).toContain("two open candidates");
  });

  it("writes canonical text, and nothing for a record that goes", () => {
    expect(controlFile({ path: "epoch.json", record: { epoch: 3 }, why: "" })).toEqual({
      path: "epoch.json",
      text: '{"epoch":3}\n',
    });
    expect(controlFile({ path: "epoch.json", record: null, why: "" }).text).toBeNull();
  });

  it("takes names that JavaScript's objects know", () => {
    const world = new PlannerWorld();
    world.follow({ sites: { constructor: {}, s2: {} }, apps: { constructor: { version: "v1" } } });
    world.run(20);
    expect(world.trees("constructor")).toEqual({
      constructor: "constructor:v1",
      s2: "constructor:v1",
    });
  });
});

describe("the name of a release", () => {
  const name = (app: string, kind: "app" | "site" | "removal" = "app"): string =>
    releaseName({ kind, app, digest: "0123456789abcdef", head: "fedcba9876543210" }, undefined);

  it("says what it is and where it comes from", () => {
    expect(name("web")).toBe("web-01234567-fedcba98");
    expect(name("web", "site")).toBe("site-web-fedcba98");
    expect(name("web", "removal")).toBe("removal-web-fedcba98");
  });

  it("is an RFC 1123 label without double dashes, however long the app's name is", () => {
    for (let length = 1; length <= 63; length += 1) {
      for (const app of [
        "a".repeat(length),
        `${"a-".repeat(31)}b`.slice(-length).replace(/^-/, "b"),
      ]) {
        const long = name(app, "removal");
        expect(long.length).toBeLessThanOrEqual(63);
        expect(long).toMatch(/^[a-z0-9]([a-z0-9]|-(?!-))*[a-z0-9]$/);
      }
    }
  });

  it("does not take one that is known already", () => {
    const ref = { id: "web-01234567-fedcba98", digest: "", renderer: 1, source: "" };
    const control = { current: { release: ref, partial: [] }, open: [], bad: [] };
    const made = {
      kind: "app",
      app: "web",
      digest: "0123456789abcdef",
      head: "fedcba9876543210",
    } as const;
    expect(releaseName(made, control)).toBe("web-01234567-fedcba98-2");
  });
});
