const unitMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

const pattern = /^(?:(?<h>\d+)h)?(?:(?<m>\d+)m)?(?:(?<s>\d+)s)?(?:(?<ms>\d+)ms)?$/;

/** The longest time span that is taken: a year. Timers and dates hold it. */
const longestMs = 365 * 24 * unitMs.h;

/**
 * Milliseconds of a time span such as `90s`, `5m`, `1h30m` or `500ms`: whole numbers, each unit at most once, largest
 * first. Undefined when the text is none, or longer than a year (8760h).
 */
export function parseDuration(text: string): number | undefined {
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined || text === "") return undefined;
  let total = 0;
  for (const [unit, ms] of Object.entries(unitMs)) total += Number(groups[unit] ?? 0) * ms;
  return total <= longestMs ? total : undefined;
}
