/** As a label of DNS may have: names are quoted whole. */
const longest = 63;
/** Of this much what a URL hides is looked for: far more than any URL has before its host. */
const looked = 4096;

/** A text of a file or an object as a message quotes it: cut where it is long, and without what a URL hides. */
export function shortText(text: string): string {
  const shown = withoutUrlSecrets(text.slice(0, looked));
  return shown.length <= longest ? shown : `${shown.slice(0, longest - 1)}…`;
}

/** The text with `…` for who logs in and for the query of each URL in it: both may be secret. */
export function withoutUrlSecrets(text: string): string {
  return text
    .replaceAll(userInfo, "…@")
    .replaceAll(query, "?…")
    .replace(userInfoWithoutScheme, "…@");
}

/** Up to the last `@`. Who writes a password by hand escapes no `/` in it; a port, and the digest of an image, are none. */
const userInfo = /(?<=:\/\/)(?:[^\s/@]*@)+|(?<=:\/\/)[^\s/@:]*:(?!\d*\/)[^\s@]*@/g;
const query = /(?<=:\/\/[^\s?"']*)\?[^\s"']+/g;
const userInfoWithoutScheme = /^[\w.-]+:[^\s/@]+@(?!sha\d+:)/;
