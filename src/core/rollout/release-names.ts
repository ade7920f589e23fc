import { createHash } from "node:crypto";
import type { AppControl } from "./planner-types.ts";
import type { Release } from "./records.ts";

const longest = 63;

/**
 * A name for a release: short, an RFC 1123 label without `--`, the same for the same (app, digest, head), and not one
 * that the app's records know already.
 */
export function releaseName(
  release: {
    /** `back`: it goes back to an older release. */
    readonly kind: Release["kind"] | "back";
    readonly app: string;
    readonly digest: string;
    readonly head: string;
  },
  control: AppControl | undefined,
): string {
  const { kind, app, digest, head } = release;
  const marks = kind === "app" || kind === "back" ? [mark(digest), mark(head)] : [mark(head)];
  const prefix = kind === "app" ? [] : [kind];
  const room = longest - [...prefix, ...marks].join("-").length - "-".length - "-99".length;
  const base = [...prefix, shortened(app, room), ...marks].join("-");
  const known = knownNames(control);
  let name = base;
  for (let number = 2; known.has(name); number += 1) name = `${base}-${number}`;
  return name;
}

/** The first eight letters and digits of an id. */
function mark(id: string): string {
  return (
    id
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, "")
      .slice(0, 8) || "0"
  );
}

function shortened(app: string, room: number): string {
  if (app.length <= room) return app;
  const hash = createHash("sha256").update(app).digest("hex").slice(0, 5);
  return `${app.slice(0, room - hash.length - 1).replace(/-$/, "")}-${hash}`;
}

function knownNames(control: AppControl | undefined): Set<string> {
  if (control === undefined) return new Set();
  const { current, open } = control;
  const names = [...open, ...current.partial.map(({ release }) => release)].map(({ id }) => id);
  return new Set(current.release === null ? names : [...names, current.release.id]);
}
