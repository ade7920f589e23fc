/** Canaries in the secret places of a region, quoted in the forms in which others write them, and a look at every output. */
import { execFile } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { startHttpServer } from "../../../src/adapters/http/server.ts";
import { runCommand } from "../../../src/cli/main.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { writeTokenFile } from "../../../src/runtime/token-file.ts";
import { startFaultProxy } from "../../support/fault-proxy.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, eventually, temporaryState } from "../../support/kube-worker.ts";
import { configMaps, definition, definitions, object, told } from "./rule-site.ts";

const run = promisify(execFile);
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** The cluster has it, and no commit. */
const value = "Tr0ub&dor<3>xyz/horse.9";
const mirrorToken = "m1rr0r-token-canary";
/** As Go writes it in JSON. */
const inGo = String.raw`Tr0ub\u0026dor\u003c3\u003exyz/horse.9`;
const quoted = `${value} ${inGo} ${encodeURIComponent(value)} ${base64(value)}`;
const group = "canary.example.org";
const gadget = `/apis/${group}/v1/namespaces/default/gadgets/g`;
const secret = "/api/v1/namespaces/default/secrets/db";

/** A text that is cut in the middle of the value by who takes `room` characters of it. */
const cutAt = (room: number): string => `${"x".repeat(room - 16)} ${value}`;

export function canaryRules(site: TestSite): void {
  it("AC-22: tells no secret in log, reports, answers, commands, inventory and files, whoever quotes it in whatever form", async () => {
    await writeFile(site.mirror.tokenFile, mirrorToken);
    const link = await startFaultProxy({ target: new URL(site.mirror.url).origin });
    onTestFinished(() => link.close());
    const url = `${link.url}${new URL(site.mirror.url).pathname}`;
    const { token } = site.cluster.cluster;
    const base = [
      object("v1", "Secret", { name: "db" }),
      definition("Gadget", { group, hasStatus: true }),
    ];
    const web = (k: string): KubeObject[] => [
      configMap("a", { k }),
      configMap("b", { k: "1", cut: "1" }),
      object(`${group}/v1`, "Gadget", { name: "g" }),
    ];
    await site.mirror.commit({ s1: { base, web: web("1") } });
    const mirror = { url, tokenFile: site.mirror.tokenFile };
    const worker = site.start({}, { mirror, offlineAfter: "1m" });
    await site.settled("base");
    await eventually("web is applied", () => site.report("web")?.sync === "Synced");
    const answers = [JSON.stringify(await site.mirror.ask("s1"))];

    // Nobody but a question makes the worker look at it.
    await site.cluster.put(secret, { data: { password: base64(value) } });
    await site.cluster.put(`${configMaps}/b`, { data: { k: quoted, cut: cutAt(400) } });
    answers.push(JSON.stringify(await site.mirror.ask("s1", "web")));
    expect(answers[1]).toContain("[redacted]");

    const say = async (message: string): Promise<void> => {
      const conditions = [{ type: "Ready", status: "False", reason: "Login", message }];
      await site.cluster.put(`${gadget}/status`, { status: { conditions } });
    };
    await say(`no login with ${quoted}, ${token} and ${mirrorToken}`);
    await told(site, "web", "no login with [redacted]");
    await say(cutAt(400));
    await told(site, "web", "xxx [redacted]…");

    const refuse = (status: number, said: string): void => {
      const message = `admission webhook "w" denied the request: ${said}`;
      const body = JSON.stringify({
        kind: "Status",
        status: "Failure",
        reason: "Invalid",
        message,
      });
      const match = { method: "PATCH", path: /configmaps\/a/ };
      site.cluster.proxy.fail({ kind: "status", status, body }, match);
    };
    refuse(422, `${quoted}, ${token}, ${mirrorToken}`);
    await site.mirror.commit({ s1: { base, web: web("2") } });
    await told(site, "web", "denied the request: [redacted]");
    refuse(500, cutAt(400 - 'admission webhook "w" denied the request: '.length));
    await site.mirror.commit({ s1: { base, web: web("3") } });
    await told(site, "web", "xxx [redacted]…");
    answers.push(JSON.stringify(await site.mirror.ask("s1", "web")));
    const said = await commands(site);

    link.fail({ kind: "status", status: 500, body: `${quoted} ${mirrorToken}` });
    await site.mirror.commit({ s1: { base, web: web("4") } });
    await eventually("the log has it", () => /cannot (fetch|report)/.test(worker.log()));
    const inventory = await site.cluster.get("/api/v1/namespaces/flotilla-system/configmaps");
    await site.stop();

    expect(said).toContain("[redacted]");
    const places: Readonly<Record<string, string>> = {
      log: worker.log(),
      reports: JSON.stringify(site.mirror.reports),
      answers: answers.join("\n"),
      commands: said,
      inventory: JSON.stringify(inventory.body),
      files: await filesOf(site.stateDir),
    };
    for (const [place, text] of Object.entries(places)) {
      expect(text).not.toBe("");
      for (const canary of ["Tr0ub", base64(value).slice(0, 6), token, mirrorToken]) {
        expect(text.includes(canary), `${place}: ${canary}`).toBe(false);
      }
    }
    await site.cluster.remove(`${definitions}/gadgets.${group}`);
  });
}

/** What `flotilla diff` and `flotilla adopt` print, in words and as data. */
async function commands(site: TestSite): Promise<string> {
  const folder = await temporaryState();
  const tokenFile = join(folder.dir, "token");
  await writeTokenFile(tokenFile);
  const server = await startHttpServer({
    listen: "127.0.0.1:0",
    logger: createLogger({ name: "test", level: "silent" }),
    clock: systemClock(),
    routes: [
      { kind: "json", method: "GET", path: "/api/v1/diff", handle: () => site.mirror.ask("s1") },
    ],
  });
  let said = "";
  const write = (text: string): void => void (said += text);
  for (const command of ["diff", "adopt"]) {
    for (const format of ["table", "json", "yaml"]) {
      await runCommand([command, "s1", "-o", format], {
        stdout: write,
        stderr: write,
        cwd: "/",
        env: { FLOTILLA_CONTROLLER: server.url, FLOTILLA_TOKEN_FILE: tokenFile },
        signal: new AbortController().signal,
      });
    }
  }
  await server.close();
  await folder.remove();
  return said;
}

/** Everything that lies there, and what git has packed. */
async function filesOf(dir: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(
    files.map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")),
  );
  const git = ["--git-dir", join(dir, "mirror.git"), "cat-file", "--batch", "--batch-all-objects"];
  const { stdout } = await run("git", git, { encoding: "latin1", maxBuffer: 2 ** 28 });
  return [...texts, stdout].join("\n");
}
