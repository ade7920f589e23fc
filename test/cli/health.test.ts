import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { emptyFolder, folderWith } from "../support/folder.ts";

const pod = (name: string, phase: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: web}\nstatus: {phase: ${phase}}\n`;
const widget = (status: string): string =>
  `apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w}\nstatus: ${status}\n`;

describe("flotilla health", () => {
  it("tells each object of a folder: documents, Lists, JSON", async () => {
    const list = {
      apiVersion: "v1",
      kind: "List",
      items: [
        { apiVersion: "v1", kind: "Pod", metadata: { name: "c" }, status: { phase: "Failed" } },
      ],
    };
    const dir = folderWith([
      { path: "b.yaml", text: `${pod("a", "Succeeded")}---\n${pod("b", "Pending")}` },
      { path: "deep/a.json", text: JSON.stringify(list) },
      { path: "notes.txt", text: "no object" },
    ]);
    const json = await runCli(["health", "-f", dir, "-o", "json"]);

    expect(json).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(json.stdout)).toEqual([
      {
        file: join(dir, "b.yaml"),
        kind: "Pod",
        namespace: "web",
        name: "a",
        health: "Healthy",
        message: "",
      },
      {
        file: join(dir, "b.yaml"),
        kind: "Pod",
        namespace: "web",
        name: "b",
        health: "Progressing",
        message: "the pod is starting",
      },
      {
        file: join(dir, "deep/a.json"),
        kind: "Pod",
        namespace: "",
        name: "c",
        health: "Degraded",
        message: "the pod has failed",
      },
    ]);
    expect(parse((await runCli(["health", "-f", dir, "-o", "yaml"])).stdout)).toEqual(
      JSON.parse(json.stdout),
    );
    expect((await runCli(["health", "-f", "b.yaml"], { cwd: dir })).stdout).toBe(
      [
        "HEALTH       KIND  NAMESPACE  NAME  MESSAGE              FILE",
        "Healthy      Pod   web        a                          b.yaml",
        "Progressing  Pod   web        b     the pod is starting  b.yaml",
        "",
      ].join("\n"),
    );
  });

  it.each([
    ["Healthy or Suspended", `${pod("a", "Succeeded")}---\n${widget("{phase: Paused}")}`, 0],
    ["Healthy, with a number of nanoseconds", widget("{phase: Ready, at: 1685906000388294100}"), 0],
    ["Progressing", pod("a", "Pending"), 1],
    ["Unknown", widget("{}"), 1],
  ])("answers for objects that are %s", async (_, text, code) => {
    const dir = folderWith([{ path: "a.yaml", text }]);
    expect((await runCli(["health", "-f", dir])).code).toBe(code);
  });

  it("cannot find out where a file has mistakes, tells them all, and the rest all the same", async () => {
    const text = `${pod("a", "Succeeded")}---\nkind: Pod\n---\n- 1\n---\nkind: {a\n`;
    const dir = folderWith([{ path: "a.yaml", text }]);
    const result = await runCli(["health", "-f", "a.yaml", "-o", "json"], { cwd: dir });

    expect(result.code).toBe(2);
    expect(JSON.parse(result.stdout)).toHaveLength(1);
    expect(result.stderr).toContain('a.yaml:6:1: error: "apiVersion" is missing');
    expect(result.stderr).toContain("a.yaml:8:1: error: this is no object");
    expect(result.stderr).toMatch(/a\.yaml:1[01]:\d+: error: /);
  });

  it("cannot find out from nothing: no object, no file, no name, not text", async () => {
    const empty = await runCli(["health", "-f", emptyFolder()]);
    const absent = await runCli(["health", "-f", join(emptyFolder(), "absent")]);
    const unnamed = await runCli(["health"]);
    const dir = emptyFolder();
    writeFileSync(join(dir, "a.yaml"), Buffer.from([0x61, 0xff]));
    const binary = await runCli(["health", "-f", dir]);

    expect([empty, absent, unnamed, binary].map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(empty.stderr).toContain("holds no object");
    expect(absent.stderr).toContain("cannot be read");
    expect(unnamed.stderr).toContain("name one file or folder with -f");
    expect(binary.stderr).toContain("is not UTF-8 text");
  });

  it("lets no object write to the terminal what it likes", async () => {
    const text = widget(String.raw`{phase: Failed, message: "a\u001b[2Jb\nc"}`);
    const dir = folderWith([{ path: "a.yaml", text }]);
    const { stdout } = await runCli(["health", "-f", dir]);

    expect(stdout).toContain("a [2Jb c");
    expect(stdout.split("\n")).toHaveLength(3);
  });
});
