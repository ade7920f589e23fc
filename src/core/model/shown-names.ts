import { shortText } from "./short-text.ts";

/** Names for a hint: the first of them, and how many more there are. A fleet may have thousands. */
export function shownNames(names: readonly string[], most = 20): string {
  const shown = names.slice(0, most).map(shortText).join(", ");
  return names.length > most ? `${shown}, and ${names.length - most} more` : shown;
}
