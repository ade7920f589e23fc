/** As a label of DNS may have: names are quoted whole. */
const longest = 63;

/** A text of a file or an object as a message quotes it: cut where it is long. */
export function shortText(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
