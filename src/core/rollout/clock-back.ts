/** `at`, or just after another moment where the clock has gone back since: what came later is to be told by its time. */
export function laterThan(at: string, moment: string | undefined): string {
  const least = moment === undefined ? Number.NaN : Date.parse(moment) + 1;
  return Date.parse(at) < least ? new Date(least).toISOString() : at;
}
