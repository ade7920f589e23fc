import { describe, expect, it } from "vitest";
import { remoteAt } from "../../../src/adapters/git/remote.ts";
import { sshCommand } from "../../../src/adapters/git/ssh-command.ts";

const ssh = { keyFile: "/keys/id", knownHostsFile: "/keys/hosts" };

describe("the ssh command", () => {
  it("asks nobody, believes the named host keys alone, and uses the named key alone", () => {
    const command = sshCommand(ssh);
    for (const part of [
      "-F /dev/null -i /keys/id ",
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      "UserKnownHostsFile=/keys/hosts ",
      "GlobalKnownHostsFile=/dev/null",
      "IdentitiesOnly=yes",
      "IdentityAgent=none",
    ]) {
      expect(command).toContain(part);
    }
  });

  it.each([
    "/keys/a b",
    "/keys/$(id)",
    "/keys/`id`",
    "/keys/x;id",
    "/keys/x'y",
    '/keys/x"y',
    "/keys/%h",
    "/keys/~",
    "/keys/x\ny",
    "relative/key",
    "-oProxyCommand=id",
    "",
  ])("does not take the path %j", (path) => {
    expect(() => sshCommand({ ...ssh, keyFile: path })).toThrow("cannot give the path");
    expect(() => sshCommand({ ...ssh, knownHostsFile: path })).toThrow("cannot give the path");
  });
});

describe("the URL of a remote", () => {
  it.each([
    "ssh://git@github.com/acme/fleet.git",
    "ssh://git@[::1]:2222/acme/fleet.git",
    "ssh://host/fleet",
    "git@github.com:acme/fleet.git",
  ])("may be %s, with a key", (url) => {
    expect(remoteAt({ url, user: "x", ssh })).toMatchObject({ protocol: "ssh", url });
    expect(() => remoteAt({ url, user: "x" })).toThrow("needs a key");
  });

  it.each([
    "ssh://-oProxyCommand=id/x",
    "ssh://git:secret@host/x",
    "git@-oProxyCommand=id:x",
    "git@host:-x",
    "ssh://git@host/a b",
    "ext::sh -c id",
    "git://host/x",
  ])("is not %s", (url) => {
    expect(() => remoteAt({ url, user: "x", ssh })).toThrow(/cannot be used|holds credentials/);
    expect(() => remoteAt({ url, user: "x", ssh })).not.toThrow("secret");
  });
});
