/** The real sshd on loopback, with keys of its own, that lets this user in by one key. It ends with the test. */
import { execFile, spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./git-repository.ts";
import { isExecutable } from "./is-executable.ts";

const program = "/usr/sbin/sshd";
const execute = promisify(execFile);

/** Whether there is an SSH server here, or why not. */
export async function findSshServer(): Promise<
  { readonly ok: true } | { readonly ok: false; readonly reason: string }
> {
  if (await isExecutable(program)) return { ok: true };
  return { ok: false, reason: `no ${program} (on Debian: apt-get install openssh-server)` };
}

export interface SshServer {
  /** `ssh://user@127.0.0.1:port` and the path. */
  url(path: string): string;
  /** The private key that it lets in. */
  readonly keyFile: string;
  /** Its host key, as ssh-keyscan gives it. */
  readonly knownHostsFile: string;
  /** The line of a host key for this server. */
  knownHost(publicKey: string): string;
}

/** Makes a key pair; gives the path of the private one, the public one is that with `.pub`. */
export async function makeSshKey(dir: string, name: string): Promise<string> {
  const path = join(dir, name);
  await execute("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path]);
  return path;
}

export async function startSshServer(): Promise<SshServer> {
  const dir = await temporaryFolder();
  const [hostKey, keyFile] = [await makeSshKey(dir, "host"), await makeSshKey(dir, "client")];
  const port = await freePort();
  const config = join(dir, "sshd_config");
  await writeFile(config, configText({ port, hostKey, authorized: `${keyFile}.pub` }));
  // A daemon of root asks for the folder that its package makes at the start of the system.
  if (userInfo().uid === 0) await mkdir("/run/sshd", { recursive: true });
  const child = spawn(program, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => void (log += chunk.toString()));
  onTestFinished(() => void child.kill());
  await answering(port, () => log);
  const knownHost = (key: string): string => `[127.0.0.1]:${port} ${key.trim()}\n`;
  const knownHostsFile = join(dir, "known_hosts");
  await writeFile(knownHostsFile, knownHost(await readFile(`${hostKey}.pub`, "utf8")));
  await chmod(keyFile, 0o600);
  const url = (path: string): string => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`;
  return { url, keyFile, knownHostsFile, knownHost };
}

function configText(options: { port: number; hostKey: string; authorized: string }): string {
  return `Port ${options.port}
ListenAddress 127.0.0.1
HostKey ${options.hostKey}
AuthorizedKeysFile ${options.authorized}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding no
`;
}

async function answering(port: number, log: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      }).on("error", () => resolve(false));
    });
    if (isThere) return;
    await sleep(50);
  }
  throw new Error(`sshd does not listen: ${log()}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}
