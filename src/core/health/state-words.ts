/** What the state of an object says of its health, by its words and by what the object is for. */
import type { HealthStatus } from "./health.ts";
import { type Meaning, meaningOf, wordsOf } from "./health-words.ts";

const statusOf: Readonly<Record<Meaning, HealthStatus>> = {
  broken: "Degraded",
  paused: "Suspended",
  waiting: "Progressing",
  good: "Healthy",
};

/** States that are one word, which says something else in a sentence. */
const wholes: readonly (readonly [RegExp, HealthStatus])[] = [
  [/^(not ?found|missing)$/i, "Missing"],
  [/^(unknown|inconclusive)$/i, "Unknown"],
  // What is being done, told by the verb.
  [
    /^(new|bootstrap|create|update|upgrade|scale|resize|restart|migrate|initiali[sz]ation)$/i,
    "Progressing",
  ],
  [/^idle$/i, "Healthy"],
];

/** How an object is that is in this state; undefined when its words say nothing. */
export function healthOfState(text: string, kind: string): HealthStatus | undefined {
  const whole = wholes.find(([pattern]) => pattern.test(text));
  if (whole !== undefined) return whole[1];
  const words = wordsOf(text);
  if (words.at(-1) === "scheduled" && repeats.test(kind)) return "Healthy";
  const meaning = meaningOf(text);
  if (meaning !== "broken" && isUnderWay(words, kind)) return "Progressing";
  return meaning === undefined ? undefined : statusOf[meaning];
}

/** Of a thing that ends, by its kind or by the state itself (`Build Running`): it has not ended. */
function isUnderWay(words: readonly string[], kind: string): boolean {
  if (!underWay.has(words.at(-1) ?? "")) return false;
  return isRun(kind) || isRun(capital(words.at(-2) ?? ""));
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** Good states of a thing that serves, and steps of one that ends. */
const underWay = new Set([
  ..."running active started created accepted admitted approved prepared".split(" "),
  ..."registered launched initialized enabled executing".split(" "),
]);

const runs =
  /(Run|Job|Task|Backup|Restore|Experiment|Workflow|Build|Migration|Execution|Snapshot|Upload|Download|Import|Export|Request|Operation|ActionSet|Maintenance|Upgrade|Rollback|Rebalance|Promotion|(Backup|Restore)Session|Scan|Trial|Clone|Repair|Recovery)$/;

/** Kinds of things that are done over and over again, by a schedule. */
const repeats = /(^(Scheduled|Cron)|(Schedule|Cron|CronJob)$)/;

/** Kinds of things that end: while they run, they have not done yet what they are for. */
export function isRun(kind: string): boolean {
  return runs.test(kind) && !repeats.test(kind);
}
