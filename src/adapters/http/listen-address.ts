import { isIP, isIPv4 } from "node:net";
import { FleetError } from "../../core/errors.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Other machines cannot reach it. */
  readonly isLocal: boolean;
}

/** Reads `127.0.0.1:7420`, `localhost:0`, `[::1]:7420` or `0.0.0.0:7420`; USAGE for anything else. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/i.exec(
    text,
  )?.groups;
  const port = Number(match?.["port"]);
  if (match === undefined || port > 65_535) {
    throw new FleetError("USAGE", `cannot read the listen address "${text}"`, {
      hint: "write host:port, such as 127.0.0.1:7420",
      retry: "never",
    });
  }
  const host = match["v6"] ?? match["host"] ?? "";
  return { host, port, isLocal: isLoopback(host) };
}

/** Like `parseListenAddress`; USAGE for anything that is not on this machine. */
export function parseLocalAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address.isLocal) return address;
  throw new FleetError(
    "USAGE",
    `will not listen on ${text} without TLS: it is reachable from other machines`,
    { hint: "use 127.0.0.1", retry: "never" },
  );
}

/** True for names and addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === "localhost" || host === "::1") return true;
  // A socket for both families tells an IPv4 peer so.
  const plain = host.replace(/^::ffff:/i, "");
  return isIPv4(plain) && plain.startsWith("127.");
}

/** True when a `Host` or `Origin` names this machine: other names reach us only by DNS rebinding. */
export function isLocalAuthority(authority: string): boolean {
  const host = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+))(?::\d+)?$/.exec(authority)?.groups;
  return isLoopback(host?.["v6"] ?? host?.["host"] ?? "");
}

/** What failed attempts are counted by: the address, of IPv6 the network, which one host has to itself. */
export function peerOf(address: string): string {
  const plain = address.replace(/^::ffff:/i, "");
  if (isIP(plain) !== 6) return plain;
  const [head = "", tail = ""] = plain.split("::");
  const groups = [head, tail].map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array.from<string>({ length: 8 - groups.flat().length }).fill("0");
  return [...(groups[0] ?? []), ...zeros, ...(groups[1] ?? [])].slice(0, 4).join(":");
}
