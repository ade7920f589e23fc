import { FleetError } from "../core/errors.ts";
import type {
  ObjectComparison,
  SiteAnswer,
  SiteDiff,
  SiteQuestion,
} from "../core/protocol/site-diff.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Redactor } from "../runtime/redactor.ts";
import { cutWords } from "./describe-comparison.ts";

/** What answering needs. */
export interface AnswererOptions {
  /** Throws a FleetError where the site cannot be asked. */
  readonly compare: (question: SiteQuestion, signal: AbortSignal) => Promise<SiteDiff>;
  readonly send: (answer: SiteAnswer, signal: AbortSignal) => Promise<void>;
  readonly redactor: Redactor;
  readonly logger: Logger;
}

/** The controller waits a little longer than this. */
const patienceMs = 20_000;

/**
 * Takes questions of the controller and answers each; `signal` ends all. One at a time per site: another question says
 * that nobody waits for the answer to the one before any more.
 */
export function createAnswerer(
  options: AnswererOptions,
): (question: SiteQuestion, signal: AbortSignal) => void {
  const asked = new Map<string, { readonly id: string; readonly over: AbortController }>();
  return (question, signal) => {
    const { id, site } = question;
    const before = asked.get(site);
    // The same one again: the stream of hints was opened anew while it was being answered.
    if (before?.id === id) return;
    before?.over.abort();
    const now = { id, over: new AbortController() };
    asked.set(site, now);
    const until = AbortSignal.any([signal, now.over.signal]);
    void answer(options, question, until).finally(() => {
      if (asked.get(site) === now) asked.delete(site);
    });
  };
}

async function answer(
  { compare, send, redactor, logger }: AnswererOptions,
  question: SiteQuestion,
  signal: AbortSignal,
): Promise<void> {
  const late = AbortSignal.timeout(patienceMs);
  const until = AbortSignal.any([signal, late]);
  try {
    const told = await answerTo(question, () => compare(question, until), late);
    await send(tellable(told, redactor), signal);
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
  const hint = error.hint === undefined ? {} : { hint: cutWords(error.hint) };
  return { code: error.code, message: cutWords(error.message), ...hint };
}

/**
 * The answer without secrets. Only what quotes others goes through the redactor: names, states and verdicts are told
 * as they are, since nobody understands the answer without them.
 */
function tellable({ id, diff, refusal }: SiteAnswer, redactor: Redactor): SiteAnswer {
  if (refusal !== undefined) {
    const { code, ...words } = refusal;
    return { id, refusal: { code, ...redactor.data(words) } };
  }
  if (diff === undefined) return { id };
  const apps = diff.apps.map((app) => ({
    ...app,
    objects: app.objects.map((object) => tellableObject(object, redactor)),
  }));
  return { id, diff: { ...diff, apps } };
}

/** The path of a field quotes values, too: those by which items of a list are told apart. */
function tellableObject(object: ObjectComparison, redactor: Redactor): ObjectComparison {
  const { reason, fields, claims } = object;
  return {
    ...object,
    reason: redactor.text(reason),
    fields: fields.map(({ field, live, desired, ...facts }) => ({
      ...facts,
      ...redactor.data({ field, live, desired }),
    })),
    claims: claims.map((claim) => ({ ...claim, field: redactor.text(claim.field) })),
  };
}
