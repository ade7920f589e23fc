/** What a rule says of numbers, for checks that run so often that an assertion library would be most of their cost. */
import assert from "node:assert/strict";

/** A number is at most so large. */
export function atMost(number: number, most: number): void {
  if (!(number <= most)) assert.fail(`${number} is more than ${most}`);
}

/** A number is at least so large. */
export function atLeast(number: number, least: number): void {
  if (!(number >= least)) assert.fail(`${number} is less than ${least}`);
}
