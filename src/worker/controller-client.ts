import { Value } from "typebox/value";
import {
  type Fetch,
  type FetchAnswer,
  isCertificateProblem,
  trustingFetch,
} from "../adapters/http/trusting-fetch.ts";
import { FleetError } from "../core/errors.ts";
import { Ask, type SiteAnswer, type SiteQuestion } from "../core/protocol/site-diff.ts";
import { Hint, ReportAnswer, type WorkerReport } from "../core/protocol/worker-report.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import { redactText } from "../runtime/redact.ts";

/** The controller's side of a mirror, besides git. CONTROLLER_UNREACHABLE, or UNAUTHORIZED for the token. */
export interface ControllerClient {
  report(report: WorkerReport, signal: AbortSignal): Promise<ReportAnswer>;
  /** Tells each hint and question until the stream ends or the signal aborts; then it throws or returns. */
  hints(listener: HintListener, signal: AbortSignal): Promise<void>;
  /** Brings the answer to a question. */
  answer(answer: SiteAnswer, signal: AbortSignal): Promise<void>;
}

/** What the controller says by itself. */
interface HintListener {
  readonly onHint: (hint: Hint) => void;
  readonly onQuestion: (question: SiteQuestion) => void;
}

/** Where the mirror is and what proves who we are; the token is read anew for each request. */
export interface ControllerAddress {
  readonly url: string;
  readonly tokenFile: string;
  /** PEM file of the authorities to trust, instead of the system's. */
  readonly caFile?: string;
}

const requestTimeoutMs = 15_000;
const quietTimeoutMs = 45_000;
const maxLine = 64 * 1024;

/** A client of one mirror's endpoints; with a `fetch` that others have too, it shares their connections. */
export function createControllerClient(
  controller: ControllerAddress,
  fetch = trustingFetch(controller.caFile),
): ControllerClient {
  const address = { ...controller, fetch };
  // Of a controller that refuses what it does not know. A newer one asks for a full report when it starts.
  let isOld = false;
  return {
    report: async (report, signal) => {
      const timeout = AbortSignal.timeout(requestTimeoutMs);
      const both = AbortSignal.any([signal, timeout]);
      const post = (told: WorkerReport): Promise<FetchAnswer> =>
        ask(address, { path: "/reports", body: JSON.stringify(told), signal: both });
      const wasOld = isOld && !report.full;
      let answer = await post(wasOld ? plainReport(report) : report);
      isOld = wasOld || answer.status === 400;
      if (isOld && !wasOld) {
        await answer.body?.cancel();
        answer = await post(plainReport(report));
      }
      await refuse(address, answer);
      const value: unknown = await answer.json().catch(() => undefined);
      if (!Value.Check(ReportAnswer, value)) throw unreachable(address, "its answer is not JSON");
      return value;
    },
    answer: async (answer, signal) => {
      const timeout = AbortSignal.timeout(requestTimeoutMs);
      const taken = await send(address, {
        path: "/answers",
        body: JSON.stringify(answer),
        signal: AbortSignal.any([signal, timeout]),
      });
      await taken.body?.cancel();
    },
    hints: async (listener, signal) => {
      const quiet = quietTimer();
      try {
        const both = AbortSignal.any([signal, quiet.signal]);
        const answer = await send(address, { path: "/hints", signal: both });
        await readHints(answer, listener, quiet.restart);
      } finally {
        quiet.end();
      }
    },
  };
}

type Reachable = ControllerAddress & { readonly fetch: Fetch };

interface Asked {
  readonly path: string;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** The report without what controllers did not know that refused whatever they did not know. */
function plainReport(report: WorkerReport): WorkerReport {
  const sites = report.sites.map((told) => {
    const { kubernetesVersion: _, ...site } = told;
    return site;
  });
  const apps = report.apps.map((told) => {
    const { appliedForMs: _, ...app } = told;
    return app;
  });
  return { ...report, sites, apps };
}

async function send(address: Reachable, asked: Asked): Promise<FetchAnswer> {
  const answer = await ask(address, asked);
  await refuse(address, answer);
  return answer;
}

async function refuse(address: Reachable, answer: FetchAnswer): Promise<void> {
  if (answer.ok) return;
  await answer.body?.cancel();
  if (answer.status === 401 || answer.status === 403) {
    throw new FleetError("UNAUTHORIZED", `${redactText(address.url)} refused the token`, {
      hint: `put the mirror's token into ${address.tokenFile}`,
    });
  }
  throw unreachable(address, `it answered ${answer.status}`);
}

async function ask(address: Reachable, { path, body, signal }: Asked): Promise<FetchAnswer> {
  const token = await readTokenFile(address.tokenFile);
  try {
    return await address.fetch(`${address.url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`flotilla:${token}`).toString("base64")}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body }),
      redirect: "error", // the token is for this address alone
      signal,
    });
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    throw unreachable(address, failureInWords(cause), cause);
  }
}

function failureInWords(error: unknown): string {
  if (!(error instanceof Error)) return "no answer";
  return isCertificateProblem(error.cause) ? "its certificate is not trusted" : error.name;
}

/** One JSON object a line; a stream without a line for 45 s is dead. */
async function readHints(
  answer: FetchAnswer,
  listener: HintListener,
  onChunk: () => void,
): Promise<void> {
  if (answer.body === null) return;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) {
    onChunk();
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLine) return;
    for (const line of lines) takeLine(line, listener);
  }
}

/** Aborts when it was not restarted for a while. */
function quietTimer(): { signal: AbortSignal; restart: () => void; end: () => void } {
  const quiet = new AbortController();
  const start = (): NodeJS.Timeout => setTimeout(() => quiet.abort(), quietTimeoutMs);
  let timer = start();
  const end = (): void => clearTimeout(timer);
  const restart = (): void => {
    end();
    timer = start();
  };
  return { signal: quiet.signal, restart, end };
}

function takeLine(line: string, listener: HintListener): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return; // a hint that cannot be read is none: the mirror is asked now and then anyway
  }
  if (Value.Check(Hint, value)) listener.onHint(value);
  else if (Value.Check(Ask, value)) listener.onQuestion(value.ask);
}

function unreachable(address: ControllerAddress, why: string, cause?: unknown): FleetError {
  const place = redactText(address.url);
  return new FleetError("CONTROLLER_UNREACHABLE", `${place} does not answer (${why})`, { cause });
}
