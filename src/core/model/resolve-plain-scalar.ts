/**
 * What a plain (unquoted) YAML scalar means to `kubectl` and to every other Go reader of manifests: YAML 1.1 booleans
 * and octals, underscores in numbers; dates and sexagesimal numbers stay text. An integer beyond 2^53 has no exact
 * JSON number here and is told apart, so that it is refused rather than rounded.
 */
export type PlainScalar =
  | { readonly ok: true; readonly value: string | number | boolean | null }
  | { readonly ok: false; readonly why: string };

const words = new Map<string, boolean | null>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map(
    (word) => [word, true] as const,
  ),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map(
    (word) => [word, false] as const,
  ),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
]);

const notANumber = /^(\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF))$/;
const integer =
  /^(?<sign>[-+]?)(0[xX](?<hex>[0-9a-fA-F]+)|0[bB](?<bin>[01]+)|0[oO]?(?<oct>[0-7]+)|(?<dec>0|[1-9][0-9]*))$/;
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

/** Underscores where a number has none: where its first character is a point, they stand between digits. */
const misplaced = /^_|^\.(?:.*[^0-9])?_|^\..*_(?![0-9])/;

/** The number that a text is, without underscores; undefined: it is none. */
export function floatDigits(text: string): string | undefined {
  const digits = text.replaceAll("_", "");
  return misplaced.test(text) || !float.test(digits) ? undefined : digits;
}

/** Whether a text is written as an integer: `1.0` and `1e3` are none. */
export function isIntegerText(text: string): boolean {
  return integer.test(text.replaceAll("_", ""));
}

/** Reads a plain scalar as Go's YAML readers do. */
export function resolvePlainScalar(text: string): PlainScalar {
  const word = words.get(text);
  if (word !== undefined) return { ok: true, value: word };
  if (notANumber.test(text)) return { ok: false, why: `${text} has no form in JSON` };
  if (!/^[-+.0-9]/.test(text)) return { ok: true, value: text };
  return resolveNumber(text);
}

function resolveNumber(text: string): PlainScalar {
  const digits = text.replaceAll("_", "");
  const match = integer.exec(digits)?.groups;
  if (match !== undefined) return exactInteger(text, match);
  if (floatDigits(text) === undefined) return { ok: true, value: text };
  const value = Number(digits);
  if (!Number.isFinite(value)) return { ok: true, value: text };
  if (/^[-+]?[0-9]+$/.test(digits) && !Number.isSafeInteger(value)) return inexact;
  return { ok: true, value: value + 0 }; // + 0: no negative zero, which JSON text would lose
}

function exactInteger(text: string, match: Record<string, string | undefined>): PlainScalar {
  const { sign, hex, bin, oct, dec = "0" } = match;
  let magnitude = Number(dec);
  if (hex !== undefined) magnitude = Number.parseInt(hex, 16);
  if (bin !== undefined) magnitude = Number.parseInt(bin, 2);
  if (oct !== undefined) magnitude = Number.parseInt(oct, 8);
  if (!Number.isSafeInteger(magnitude)) return inexact;
  return { ok: true, value: sign === "-" && magnitude !== 0 ? -magnitude : magnitude };
}

const inexact: PlainScalar = {
  ok: false,
  why: "the integer is beyond 2^53 and would lose digits",
};
