import { FleetError } from "../core/errors.ts";
import type { SiteAnswer, SiteDiff, SiteQuestion } from "../core/protocol/site-diff.ts";
import type { Logger } from "../runtime/logger.ts";
import { redactText } from "../runtime/redact.ts";

/** What answering needs. */
export interface AnswererOptions {
  /** Throws a FleetError where the site cannot be asked. */
  readonly compare: (question: SiteQuestion, signal: AbortSignal) => Promise<SiteDiff>;
  readonly send: (answer: SiteAnswer, signal: AbortSignal) => Promise<void>;
  readonly logger: Logger;
}

/** The controller waits a little longer than this. */
const patienceMs = 20_000;

/** Takes questions of the controller and answers each, one at a time per site; `signal` ends all. */
export function createAnswerer(
  options: AnswererOptions,
): (question: SiteQuestion, signal: AbortSignal) => void {
  const asked = new Set<string>();
  return (question, signal) => {
    // The same one again: the stream of hints was opened anew while it was being answered.
    if (asked.has(question.site)) return;
    asked.add(question.site);
    void answer(options, question, signal).finally(() => asked.delete(question.site));
  };
}

async function answer(
  { compare, send, logger }: AnswererOptions,
  question: SiteQuestion,
  signal: AbortSignal,
): Promise<void> {
  const late = AbortSignal.timeout(patienceMs);
  const until = AbortSignal.any([signal, late]);
  try {
    await send(await answerTo(question, () => compare(question, until), late), signal);
  } catch (error) {
    if (signal.aborted) return;
    // The controller says for itself that it got no answer.
    const isExpected = error instanceof FleetError;
    logger[isExpected ? "warn" : "error"]("a question was not answered", { error });
  }
}

async function answerTo(
  { id, site }: SiteQuestion,
  compare: () => Promise<SiteDiff>,
  late: AbortSignal,
): Promise<SiteAnswer> {
  try {
    return { id, diff: await compare() };
  } catch (error) {
    if (error instanceof FleetError) return { id, refusal: refusalOf(error) };
    if (!late.aborted) throw error;
    const seconds = patienceMs / 1000;
    const message = `site ${site} could not be compared within ${seconds} s`;
    const hint = "ask for one app: --app";
    return { id, refusal: { code: "CLUSTER_UNREACHABLE", message, hint } };
  }
}

function refusalOf(error: FleetError): NonNullable<SiteAnswer["refusal"]> {
  const message = redactText(error.message).slice(0, 1000);
  const hint = error.hint === undefined ? {} : { hint: redactText(error.hint).slice(0, 1000) };
  return { code: error.code, message, ...hint };
}
