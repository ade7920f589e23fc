import { expect, it } from "vitest";
import { retryAfterMs } from "../../../src/adapters/http/retry-after.ts";

const now = Date.parse("2026-11-28T10:00:00Z");

it.each<[string | number | undefined, number | undefined]>([
  ["7", 7000],
  [7, 7000],
  ["0", 0],
  ["Sat, 28 Nov 2026 10:00:04 GMT", 4000],
  ["Sat, 28 Nov 2026 09:59:00 GMT", 0],
  ["Infinity", undefined],
  ["whenever", undefined],
  [undefined, undefined],
])("takes a Retry-After of %j for %j ms", (told, ms) => {
  expect(retryAfterMs(told, now)).toBe(ms);
});
