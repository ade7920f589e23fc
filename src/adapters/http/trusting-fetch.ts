import { readFile } from "node:fs/promises";
import { Agent, fetch as fetchWith } from "undici";
import { FleetError } from "../../core/errors.ts";

/** What is used of `fetch` and its answer. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;

interface FetchInit {
  readonly method: "GET" | "POST";
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly redirect: "error";
  readonly signal: AbortSignal;
}

export interface FetchAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: (AsyncIterable<Uint8Array> & { cancel(): Promise<void> }) | null;
  text(): Promise<string>;
  json(): Promise<unknown>;
}

/** `fetch` that trusts the authorities in a PEM file instead of the system's. The file is read again when it has changed. */
export function trustingFetch(caFile: string | undefined): Fetch {
  if (caFile === undefined) return fetch;
  let known: { readonly ca: string; readonly agent: Agent } | undefined;
  return async (url, init) => {
    const ca = await readAuthorities(caFile);
    if (known?.ca !== ca) {
      void known?.agent.close();
      known = { ca, agent: new Agent({ connect: { ca } }) };
    }
    return fetchWith(url, { ...init, dispatcher: known.agent });
  };
}

async function readAuthorities(path: string): Promise<string> {
  try {
    const text = await readFile(path, "utf8");
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  } catch (cause) {
    const { code = "error" } = cause as NodeJS.ErrnoException; // what node:fs throws
    throw new FleetError("USAGE", `cannot read the file of authorities ${path} (${code})`, {
      hint: "check the path and that this user may read it",
    });
  }
  throw new FleetError("USAGE", `${path} holds no certificate`, { hint: "it must be a PEM file" });
}

/** True when a certificate, not the network, kept a request from being answered. */
export function isCertificateProblem(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }; // of Node's errors
  return typeof code === "string" && /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code);
}
