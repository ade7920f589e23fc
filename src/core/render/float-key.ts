/** Keys that are floats, as Go's readers of manifests name them: `1e6` is `1e+06`. */
import { floatDigits, resolvePlainScalar } from "../model/resolve-plain-scalar.ts";

const noNumber = /^(?:\.(?:nan|NaN|NAN)|(?<sign>[-+]?)\.(?:inf|Inf|INF))$/;
/** More digits a number of 32 bits never needs. */
const mostDigits = 9;

/** The name of a key that is written as a float; undefined: it is none. `isTagged`: it is said to be one, as `!!float 1`. */
export function floatKeyName(text: string, isTagged: boolean): string | undefined {
  const digits = floatDigits(text);
  if (digits === undefined) return specialName(text);
  const value = Number(digits);
  if (!Number.isFinite(value)) return undefined;
  if (!/[.eE]/.test(digits)) {
    const name = isTagged ? taggedIntegerName(text) : integerName(digits);
    if (name !== "float") return name;
  }
  return `${digits.startsWith("-") ? "-" : ""}${formatFloat32(Math.abs(value))}`;
}

/** "float": it is too large for the integers of Go; undefined: it is one as all others. */
function integerName(digits: string): string | undefined {
  if (/^[-+]?0/.test(digits) || Number.isSafeInteger(Number(digits))) return undefined;
  const value = BigInt(digits);
  if (value < -(2n ** 63n) || value >= 2n ** 64n) return "float";
  return value < 2n ** 63n ? String(value) : undefined; // no key for `kubectl`
}

/** `!!float 012` is the octal number. */
function taggedIntegerName(text: string): string {
  const resolved = resolvePlainScalar(text);
  const isOctal = /^[-+]?0[0-9]/.test(text) && resolved.ok && typeof resolved.value === "number";
  return isOctal ? String(resolved.value) : "float";
}

function specialName(text: string): string | undefined {
  const match = noNumber.exec(text);
  if (match === null) return undefined;
  const sign = match.groups?.["sign"];
  if (sign === undefined) return ".nan";
  return sign === "-" ? "-.inf" : ".inf";
}

/** Go's `strconv.FormatFloat(value, 'g', -1, 32)` of what is not negative. */
function formatFloat32(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return ".inf";
  const shortest = shortestText(rounded);
  const [mantissa = "", exponent = "0"] = shortest.split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(shortest));
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** With the fewest digits that give this number again. */
function shortestText(rounded: number): string {
  for (let digits = 0; digits < mostDigits; digits += 1) {
    const text = rounded.toExponential(digits);
    if (Math.fround(Number(text)) === rounded) return text;
  }
  return rounded.toExponential();
}
