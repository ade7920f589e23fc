import { isIPv4 } from "node:net";
import { FleetError } from "../../core/errors.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `127.0.0.1:7420`, `localhost:0` or `[::1]:7420`; USAGE for anything that is not on this machine. */
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
  if (!isLoopback(host)) {
    throw new FleetError(
      "USAGE",
      `will not listen on ${text}: it is reachable from other machines`,
      {
        hint: "use 127.0.0.1; TLS and roles, which other addresses need, are not there yet",
        retry: "never",
      },
    );
  }
  return { host, port };
}

/** True for names and addresses that only this machine reaches. */
function isLoopback(host: string): boolean {
  if (host.toLowerCase() === "localhost" || host === "::1") return true;
  return isIPv4(host) && host.startsWith("127.");
}

/** True when a `Host` or `Origin` names this machine: other names reach us only by DNS rebinding. */
export function isLocalAuthority(authority: string): boolean {
  const host = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+))(?::\d+)?$/.exec(authority)?.groups;
  return isLoopback(host?.["v6"] ?? host?.["host"] ?? "");
}
