/**
 * The words in which objects speak of themselves: a table, and what a text says by it. In: a state (`Provisioning`), the
 * type or the reason of a condition (`InvalidSpec`). Out: what its words mean. A word that stands in no row says nothing.
 */

/** What a text says: trouble, a stop on purpose, work, or that all is well. */
export type Meaning = "broken" | "paused" | "waiting" | "good";

/** Whose convention a row is, and the beginnings of its words; one with `$` behind it counts only as a whole. */
type Row = readonly [convention: string, words: string];

/** The most serious meaning first: the worst word of a text decides. */
const table: Readonly<Record<Meaning, readonly Row[]>> = {
  broken: [
    [
      "attempts that went wrong",
      "fail error err$ crash abort timeout exceed cancel exception panic",
    ],
    ["containers and pods", "backoff oom kill evict terminated unschedul fatal critical"],
    ["API conventions, kstatus", "degrad unhealthy unavailable stall terminal$ broken dead$"],
    ["validation, Gateway API", "invalid reject conflict unsupport unresolv malformed mismatch"],
    ["access", "refuse denied forbid unauthor expire insufficient"],
    ["what is not there or does not fit", "missing incompat misconfig orphan outdated"],
    ["networks and nodes", "unreach offline down$ disconnect pressure$ inaccess"],
    ["storage and databases", "lost$ corrupt fault abnormal unusable unrecover blocked$"],
    ["policies and alarms", "noncompliant violat warn red$"],
    ["upgrades that were undone", "rollback rolledback"],
  ],
  paused: [
    ["spec.suspend and spec.paused", "suspend pause pausing stop halt frozen$ inactive$"],
    ["machines and clusters put to rest", "hibernat sleep disabl cordon closed$"],
    ["left out on purpose", "ignore skip"],
  ],
  // All other work is told by its ending (`Provisioning`).
  waiting: [
    [
      "queues",
      "pending wait await queue inqueue enqueue scheduled$ submitted$ requested$ retry retries",
    ],
    ["what somebody else has to do", "requires$ needs$ required$"],
    ["work", "progress init$ initial$"],
    ["not yet", "unready$ notready yellow$"],
  ],
  good: [
    ["API conventions, kstatus", "ready available healthy current$"],
    ["what ends", "succe complet done$ finished$ passed$ pass$"],
    ["what serves", "running active$ online$ up$ alive$ operational$ stable$ normal$ connected$"],
    ["volumes, leases, certificates", "bound$ exist attached$ mounted$ issued$ sealed$ signed$"],
    ["carried out", "created$ deployed$ provisioned$ installed$ established$ applied$ configured$"],
    ["carried out by steps", "launched$ registered$ initialized$ joined$ adopted$ advertised$"],
    ["in sync", "synced$ synchronized$ reconciled$ updated$ programmed$ latest$"],
    [
      "handed on",
      "published$ imported$ promoted$ processed$ provided$ offered$ granted$ compiled$",
    ],
    ["given", "assigned$ allocated$ reserved$ loaded$ stored$ delivered$ propagated$ realized$"],
    [
      "decisions, Gateway API",
      "accepted$ admitted$ valid$ validated$ resolved$ approved$ verified$",
    ],
    ["access", "authorized$ authenticated$ activated$ enforced$ fulfilled$ open$"],
    ["policies", "compliant$ satisfied$ secured$ protected$ enabled$ discoverable$ formed$"],
    ["lights", "ok$ okay$ green$"],
  ],
};

/** What several words say that none of them says alone. */
const phrases =
  /\b(unable|cannot|can t|could not|not enough|not found|no space|already (in use|taken)|rolled back)\b/;
/** Work of which something is told that sounds worse: `ScalingDown`, `RecoveringFromFailure`. */
const underWay = /^(\w+ing (down|from|after)\b|.*\bin progress$)/;

/** Words that begin like one of the others and are not. */
const others = /^(failover|failback|restricted|downstream)/;

/** Ends in `ing`, and is no work that ends. */
const steady =
  /^(running|serving|working|operating|listening|existing|replicating|archiving|streaming|monitoring|watching|polling|leading|ping|string|ring|binding|routing|nothing|billing|networking|accepting|tracking|matching|using|sharing|mirroring|forwarding|balancing|logging)$/;

const known = (["broken", "paused", "waiting", "good"] as const).map((meaning) => {
  const words = table[meaning].flatMap(([, row]) => row.split(" "));
  return { meaning, pattern: new RegExp(`^(?:${words.join("|")})`) };
});

const longest = 120;

/** The words of a text, in small letters: of a sentence, of `CamelCase`, `snake_case` or `kebab-case`. */
export function wordsOf(text: string): readonly string[] {
  const words = text.slice(0, longest).match(wordPattern) ?? [];
  return words.map((word) => word.toLowerCase());
}

const wordPattern = /[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+/g;

/** What one word says; undefined when it stands in no row. */
export function meaningOfWord(word: string): Meaning | undefined {
  if (others.test(word)) return undefined;
  const row = known.find(({ pattern }) => pattern.test(word));
  if (row !== undefined) return row.meaning;
  if (word.startsWith("un") && meaningOfWord(word.slice(2)) === "good") return "waiting";
  return word.endsWith("ing") && !steady.test(word) ? "waiting" : undefined;
}

/** What a text says: the most serious of its words, a `not` before one of them heeded. */
export function meaningOf(text: string): Meaning | undefined {
  const words = wordsOf(text);
  const joined = words.join(" ");
  const moved = /\bfail(ing|ed) (over|back)\b/.exec(joined)?.[1];
  if (moved !== undefined) return moved === "ing" ? "waiting" : "good";
  if (underWay.test(joined) && meaningOfWord(words[0] ?? "") !== "broken") return "waiting";
  if (phrases.test(joined)) return "broken";
  const found = words.map((word, index) => {
    const meaning = meaningOfWord(word);
    return meaning === undefined ? undefined : afterNegation(words, index, meaning);
  });
  return known.find(({ meaning }) => found.includes(meaning))?.meaning;
}

function afterNegation(
  words: readonly string[],
  index: number,
  meaning: Meaning,
): Meaning | undefined {
  const before = words.slice(Math.max(0, index - 2), index);
  const negation = before.findLast((one) => Object.hasOwn(negations, one));
  return negation === undefined ? meaning : negations[negation]?.[meaning];
}

const no = { broken: "good" } as const;
const not = { good: "waiting" } as const;
const partly = { broken: "broken", paused: "paused", waiting: "waiting", good: "waiting" } as const;

/** What a word up to two places before makes of a meaning: `NotReady` is work, `no errors` are well. */
const negations: Readonly<Record<string, Partial<Record<Meaning, Meaning>>>> = {
  no,
  without: no,
  zero: no,
  0: no,
  not,
  never: not,
  partial: partly,
  partially: partly,
  non: { good: "broken" },
};
