/** So much more than is kept of a value is enough of it. */
const longest = 8192;
/** Longer ones are no passwords that anybody puts into a URL, and their forms would fill the memory. */
const longestInUrl = 512;

/** The same in all forms. */
const samePlain = /^[\w.~-]*$/;

/**
 * The forms in which a line of a value may be quoted, itself included: as JSON of several writers (Go also escapes `&`,
 * `<` and `>`, others all that is not ASCII), as JSON within JSON, with its spaces drawn together, and, where it is a whole value, percent-encoded.
 */
export function writtenForms(line: string, isWhole: boolean): ReadonlySet<string> {
  if (samePlain.test(line)) return new Set([line]);
  const start = line.slice(0, longest);
  const plain = [start, start.replaceAll(/\s+/g, " ")];
  const json = plain.flatMap((form) => {
    const quoted = inJson(form);
    return [quoted, escaped(quoted, /[&<>\u2028\u2029]/g), escaped(quoted, /[^ -~]/g)];
  });
  return new Set([
    ...plain,
    ...json,
    ...json.map(inJson),
    ...(isWhole ? plain.flatMap(inUrl) : []),
  ]);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function escaped(text: string, letters: RegExp): string {
  return text.replaceAll(
    letters,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** As `encodeURIComponent` has it, and those that escape more; a space may be a `+`, hexadecimal letters may be small. */
function inUrl(text: string): readonly string[] {
  if (text.length > longestInUrl) return [];
  const lax = encodeURIComponent(text.toWellFormed());
  const strict = lax.replaceAll(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  const upper = strict.replaceAll(/%[0-9a-f]{2}/g, (code) => code.toUpperCase());
  const small = upper.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  return [lax, upper, small, upper.replaceAll("%20", "+")];
}
