import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFleetFetcher, type FleetFetcher } from "../../../src/adapters/git/fleet-fetcher.ts";
import type { SshAccess } from "../../../src/adapters/git/ssh-command.ts";
import { FleetError } from "../../../src/core/errors.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { createRepository, temporaryFolder } from "../../support/git-repository.ts";
import { makeSshKey, type SshServer, startSshServer } from "../../support/ssh-server.ts";

const clock = systemClock();

async function fetcherOf(
  server: SshServer,
  repository: string,
  changes: Partial<SshAccess> = {},
): Promise<FleetFetcher> {
  const dir = join(await temporaryFolder(), "clone.git");
  const { keyFile, knownHostsFile } = server;
  const ssh = { keyFile, knownHostsFile, ...changes };
  return createFleetFetcher({ dir, url: server.url(repository), branch: "main", clock, ssh });
}

/** Code, message and hint of the failure. */
async function failureOf(fetcher: FleetFetcher): Promise<string> {
  const error: unknown = await fetcher.poll().catch((thrown: unknown) => thrown);
  if (!(error instanceof FleetError)) throw new Error(`no expected failure: ${String(error)}`);
  return `${error.code}: ${error.message} (${error.hint ?? ""})`;
}

describe("a fleet repository over ssh", { timeout: 60_000 }, () => {
  it("is followed with a key and a known host", async () => {
    const server = await startSshServer();
    const repository = await createRepository({ "fleet.yaml": "kind: Fleet\n" });
    const fetcher = await fetcherOf(server, repository.dir);
    const { head } = await fetcher.poll();
    await fetcher.fetch(head ?? "");
    expect(await fetcher.files(head ?? "")).toMatchObject([{ path: "fleet.yaml" }]);
  });

  it("is not read from a host that shows another key, one that is not known, or without the right key", async () => {
    const server = await startSshServer();
    const { dir } = await createRepository({ "fleet.yaml": "kind: Fleet\n" });
    const keys = await temporaryFolder();
    const other = await makeSshKey(keys, "other");
    const [changed, none] = [join(keys, "changed"), join(keys, "none")];
    await writeFile(changed, server.knownHost(await readFile(`${other}.pub`, "utf8")));
    await writeFile(none, "");
    const failure = async (changes: Partial<SshAccess>): Promise<string> =>
      failureOf(await fetcherOf(server, dir, changes));
    expect(await failure({ knownHostsFile: changed })).toMatch(
      /^GIT_AUTH: git ls-remote ended with code 128: the host shows another key than the known hosts file has for it \(do not go on/,
    );
    expect(await failure({ knownHostsFile: none })).toMatch(
      /^GIT_AUTH: .*128: the known hosts file has no key of the host \(put the host's key/,
    );
    expect(await failure({ keyFile: other })).toMatch(
      /^GIT_AUTH: .*128: the host does not take the private key \(give its public key/,
    );
    expect(await failure({ keyFile: join(keys, "missing") })).toMatch(
      /^GIT_AUTH: .*128: ssh cannot read the private key \(check fleet.ssh.keyFile/,
    );
  });

  it("is not read with a private key that others may read", async () => {
    const server = await startSshServer();
    const { dir } = await createRepository({ "fleet.yaml": "kind: Fleet\n" });
    await chmod(server.keyFile, 0o644);
    expect(await failureOf(await fetcherOf(server, dir))).toMatch(
      /^GIT_AUTH: .*128: ssh does not use a private key that others may read \(chmod 600/,
    );
  });

  it("says so when it is not there", async () => {
    const server = await startSshServer();
    expect(await failureOf(await fetcherOf(server, "/nowhere/fleet.git"))).toMatch(
      /^GIT_NOT_FOUND: /,
    );
  });
});
