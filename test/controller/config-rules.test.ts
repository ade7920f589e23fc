import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runController } from "../../src/controller/controller.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { runCli } from "../support/cli.ts";
import { temporaryFolder } from "../support/git-repository.ts";

/** What a process says to a config file, without the folder's path. */
async function refusalOf(process: "controller" | "worker", text: string): Promise<string> {
  const dir = await temporaryFolder();
  await writeFile(join(dir, "config.yaml"), text);
  const { code, stderr } = await runCli([process, "--config", "config.yaml"], { cwd: dir });
  expect(code).toBe(2);
  return stderr.replaceAll(`${dir}/`, "").trim();
}

const base = "fleet: {url: /fleet.git}\nstateDir: state\n";
const tls = "tls: {certFile: c, keyFile: k}\n";
const oidc = (issuer: string): string =>
  `access:\n  oidc: {issuer: "${issuer}", audience: a, roles: {view: [g]}}\n`;
const beyond = (set: string, listen = "0.0.0.0:7420"): string =>
  `config.yaml:3:9: error: other machines reach ${listen}, so TLS and named callers are needed: set ${set}; or listen on 127.0.0.1`;
const issuer =
  "config.yaml:4:18: error: the issuer must be an https:// URL without credentials, query and fragment; copy `issuer` from its discovery document";

describe("a config of the controller is refused, with its place,", () => {
  it.each([
    ["listen: 0.0.0.0:7420\n", beyond("tls and access.tokensFile or access.oidc")],
    [`listen: "[::]:7420"\n`, beyond("tls and access.tokensFile or access.oidc", "[::]:7420")],
    [`listen: 0.0.0.0:7420\n${tls}`, beyond("access.tokensFile or access.oidc")],
    [`listen: 0.0.0.0:7420\n${tls}access: {}\n`, beyond("access.tokensFile or access.oidc")],
    ["listen: 0.0.0.0:7420\naccess: {tokensFile: t}\n", beyond("tls")],
    [
      "listen: somewhere\n",
      'config.yaml:3:9: error: cannot read the listen address "somewhere"; write host:port, such as 127.0.0.1:7420',
    ],
    [oidc("http://login.example.com"), issuer],
    [oidc("https://u@login.example.com"), issuer],
    [oidc("login.example.com"), issuer],
  ])("with %j", async (text, refusal) => {
    expect(await refusalOf("controller", base + text)).toBe(refusal);
  });

  it.each([
    [
      "{url: 'git@host:acme/fleet'}",
      "config.yaml:1:14: error: a repository over ssh needs a key; set fleet.ssh.keyFile and fleet.ssh.knownHostsFile",
    ],
    [
      "{url: 'ssh://host/x', tokenFile: t, ssh: {keyFile: k, knownHostsFile: h}}",
      "config.yaml:1:41: error: fleet.tokenFile is only for a repository over https; leave it out: fleet.ssh has the key",
    ],
    [
      "{url: 'https://host/x', ssh: {keyFile: k, knownHostsFile: h}}",
      "config.yaml:1:37: error: fleet.ssh is only for a repository over ssh; write fleet.url as ssh://USER@HOST/PATH or USER@HOST:PATH, or leave fleet.ssh out",
    ],
  ])("with the fleet %s", async (fleet, refusal) => {
    expect(await refusalOf("controller", `fleet: ${fleet}\nstateDir: state\n`)).toBe(refusal);
  });

  it("also where no file was read for it", async () => {
    const config = { fleet: { url: "/x" }, stateDir: "/nowhere", listen: "0.0.0.0:0" };
    const logger = createLogger({ name: "test", level: "silent" });
    const deps = { clock: systemClock(), logger };
    const running = runController(config, deps, new AbortController().signal);
    await expect(running).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("listen: other machines reach"),
    });
  });
});

describe("a config of a worker", () => {
  it("is refused where the token would go to another machine in the clear", async () => {
    const text = `mirror: {url: "http://controller.example/mirrors/eu.git", tokenFile: t}\nstateDir: s\nsites: {}\n`;
    expect(await refusalOf("worker", text)).toBe(
      "config.yaml:1:15: error: the mirror's token would go to another machine in the clear; use https, or forward a port to 127.0.0.1",
    );
  });

  it.each(["mirrors/eu.git?token=1", "mirrors/eu.git#main"])(
    "is refused where its address %s does not end in the name of a mirror",
    async (path) => {
      const url = `https://controller.example/${path}`;
      const text = `mirror: {url: "${url}", tokenFile: t}\nstateDir: s\nsites: {}\n`;
      expect(await refusalOf("worker", text)).toBe(
        "config.yaml:1:15: error: the address does not end in the name of a mirror; write https://CONTROLLER/mirrors/NAME.git",
      );
    },
  );
});
