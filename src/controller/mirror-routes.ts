/** What a mirror's worker may ask for: git fetch, hints, reports. A credential opens its own mirror and nothing else. */
import type { ServerResponse } from "node:http";
import { passwordOf, unauthorized } from "../adapters/http/authorize.ts";
import { FailedAttempts } from "../adapters/http/failed-attempts.ts";
import { HttpRefusal } from "../adapters/http/answer-error.ts";
import { createMirrorGitHandler } from "../adapters/git/http-backend.ts";
import type { NewsRange } from "../adapters/git/news-pack.ts";
import { headerHasToken, tokensEqual } from "../runtime/match-token.ts";
import type { Route, RouteContext } from "../adapters/http/route.ts";
import { type Ask, SiteAnswer } from "../core/protocol/site-diff.ts";
import { type Hint, type ReportAnswer, WorkerReport } from "../core/protocol/worker-report.ts";
import { own } from "../core/rollout/own.ts";
import type { Clock } from "../runtime/clock.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import type { Placed } from "./observations.ts";
import type { HintBoard } from "./hint-board.ts";
import { dataCheck } from "../core/model/data-check.ts";
import type { QuestionBoard } from "./question-board.ts";

/** A full report of a thousand sites with ten apps each is about 4 MB. */
const maxReportBytes = 32 * 1024 * 1024;
/** A diff of a hundred apps of which everything differs. */
const maxAnswerBytes = 8 * 1024 * 1024;
const keepAliveMs = 15_000;
// What a newer worker says more is passed over, and not kept.
const checkReport = dataCheck(WorkerReport, { dropsUnknown: true });
const checkAnswer = dataCheck(SiteAnswer, { dropsUnknown: true });

export interface MirrorRoutesOptions {
  readonly mirrors: Readonly<Record<string, { readonly tokenFile: string }>>;
  readonly attempts: FailedAttempts;
  readonly clock: Clock;
  readonly hints: HintBoard;
  readonly questions: QuestionBoard;
  /** False until this process leads: nothing may be said in its name before. */
  readonly isLeading: () => boolean;
  readonly takeReport: (mirror: string, report: WorkerReport) => Placed;
  /** The commit that a mirror lacks and that its worker shall push; null: none. */
  readonly wanted: (mirror: string) => string | null;
  readonly onPush: () => void;
  /** Where a mirror lies. */
  readonly repoDir: (mirror: string) => string;
  /** Makes packs of what was written last to a mirror; null: git is to make it. */
  readonly news: (mirror: string, range: NewsRange) => Promise<readonly Buffer[] | null>;
}

export function mirrorRoutes(options: MirrorRoutesOptions): Route[] {
  const tokens = new Map<string, string>();
  // Kept apart: made-up names are without end, and push out no count of a door that is there.
  const unknown = new FailedAttempts(options.clock);
  const authorize = (context: RouteContext): Promise<void> =>
    authorizeMirror({ ...options, unknown }, tokens, context);
  const git = createMirrorGitHandler({
    ...options,
    // The handler reads the mirror's name by itself, so it is checked against what was just proven here.
    authorize: (mirror, authorization) => headerHasToken(authorization, tokens.get(mirror) ?? ""),
  });
  const base = "/mirrors/:mirror.git";
  return [
    {
      kind: "json",
      method: "POST",
      path: `${base}/reports`,
      authorize,
      maxBodyBytes: maxReportBytes,
      handle: (context, body) => takeReport(options, mirrorOf(context), body),
    },
    {
      kind: "json",
      method: "POST",
      path: `${base}/answers`,
      authorize,
      maxBodyBytes: maxAnswerBytes,
      handle: (context, body) => takeAnswer(options, mirrorOf(context), body),
    },
    {
      kind: "raw",
      method: "GET",
      path: `${base}/hints`,
      authorize,
      handle: (context, _request, response) => streamHints(options, context, response),
    },
    {
      kind: "raw",
      method: "*",
      path: `${base}/*`,
      authorize,
      handle: async (context, request, response) => {
        if (!(await git(request, response))) {
          throw new HttpRefusal(404, `there is nothing at ${context.path}`);
        }
      },
    },
  ];
}

function mirrorOf({ params }: RouteContext): string {
  return params["mirror"] ?? "";
}

/** An unknown mirror is refused like a wrong token: nobody learns which mirrors there are. */
async function authorizeMirror(
  { mirrors, isLeading, attempts, unknown }: MirrorRoutesOptions & { unknown: FailedAttempts },
  tokens: Map<string, string>,
  context: RouteContext,
): Promise<void> {
  const mirror = mirrorOf(context);
  const entry = own(mirrors, mirror);
  const given = passwordOf(context.authorization);
  const token = entry === undefined ? "" : await readTokenFile(entry.tokenFile);
  if (entry !== undefined) tokens.set(mirror, token);
  const doors = entry === undefined ? unknown : attempts;
  await doors.guard({ peer: context.peer, door: `mirror ${mirror.slice(0, 64)}` }, () => {
    if (!tokensEqual(given, token)) throw unauthorized("the token is wrong");
  });
  if (!isLeading()) throw new HttpRefusal(503, "the controller is starting");
}

function takeReport(
  { hints, wanted, takeReport: take }: MirrorRoutesOptions,
  mirror: string,
  body: unknown,
): ReportAnswer {
  const checked = checkReport(body);
  if ("mistake" in checked) {
    throw new HttpRefusal(400, `the report cannot be read: ${checked.mistake}`, {
      hint: "worker and controller must be of versions that fit each other",
    });
  }
  const { resend } = take(mirror, checked.value);
  const { head } = checked.value;
  const recover = wanted(mirror) === head ? { recover: head } : {};
  return { resend, ...hints.current(mirror), ...recover };
}

function takeAnswer({ questions }: MirrorRoutesOptions, mirror: string, body: unknown): object {
  const checked = checkAnswer(body);
  if ("mistake" in checked) {
    throw new HttpRefusal(400, `the answer cannot be read: ${checked.mistake}`);
  }
  questions.take(mirror, checked.value);
  return {};
}

async function streamHints(
  { hints, questions, clock }: MirrorRoutesOptions,
  context: RouteContext,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/x-ndjson",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  const mirror = mirrorOf(context);
  const asked = new Set<string>();
  while (!context.signal.aborted) {
    const hint: Hint = hints.current(mirror);
    const asks: Ask[] = questions
      .waiting(mirror)
      .filter(({ id }) => !asked.has(id))
      .map((ask) => ({ ask }));
    for (const { ask } of asks) asked.add(ask.id);
    // A reader that is too slow is cut off rather than kept in memory: it comes back and gets the newest hint.
    const lines = [hint, ...asks].map((line) => `${JSON.stringify(line)}\n`);
    const isTaken = response.write(lines.join(""));
    if (!isTaken && response.writableLength > maxBufferedBytes) break;
    await hints.next(mirror, { known: hint, ms: keepAliveMs, clock, signal: context.signal });
  }
  response.end();
}

const maxBufferedBytes = 64 * 1024;
