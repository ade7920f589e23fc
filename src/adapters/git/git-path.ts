/**
 * Names that go into trees and to git: checked before use, so that no path leaves its tree and no argument is taken for
 * an option. A name that fails is a mistake of the caller (the renderer checks what users write), so it is an Error.
 */

/** The parts of a tree path; throws when it is not a plain relative path. */
export function pathSegments(path: string): string[] {
  const segments = path.split("/");
  if (!segments.every(isSafeSegment)) {
    throw new Error(`not a path that a tree may hold: ${JSON.stringify(path)}`);
  }
  return segments;
}

/** True for a path that a tree may hold: relative, with `/`, no empty part, `.`, `..`, `.git`, NUL or backslash. */
export function isSafePath(path: string): boolean {
  return path.split("/").every(isSafeSegment);
}

function isSafeSegment(segment: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (segment === "" || /[\u0000-\u001f\u007f\\]/.test(segment)) return false;
  return segment !== "." && segment !== ".." && segment.toLowerCase() !== ".git";
}

/** Throws unless it is a full ref name, `refs/…`, that git takes. */
export function checkRef(ref: string): void {
  const parts = ref.split("/");
  const plain = parts.every(
    (part) =>
      /^[A-Za-z0-9_][A-Za-z0-9._+@-]*$/.test(part) &&
      !part.includes("..") &&
      !part.includes("@{") &&
      !part.endsWith(".lock") &&
      !part.endsWith("."),
  );
  if (!plain || parts.length < 3 || parts[0] !== "refs") {
    throw new Error(`not a full ref name: ${JSON.stringify(ref)}`);
  }
}
