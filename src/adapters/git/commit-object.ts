import { FleetError } from "../../core/errors.ts";
import type { CommitInfo } from "./object-store.ts";

/** The bytes of a commit object. `at` in ms; author and committer are the same. */
export function encodeCommit(commit: {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly at: number;
  readonly message: string;
}): Buffer {
  const who = `${identity(commit.author)} ${Math.floor(commit.at / 1000)} +0000`;
  const message = commit.message.replaceAll("\0", "");
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${who}`,
    `committer ${who}`,
    "",
    message.endsWith("\n") ? message : `${message}\n`,
  ];
  return Buffer.from(lines.join("\n"), "utf8");
}

/** `Name <mail>` in git's form: nothing that ends a line or a mail, and both parts there. */
function identity(author: string): string {
  const match = /^(?<name>[^<]*)<(?<mail>[^>]*)>/.exec(author)?.groups;
  const name = clean(match?.["name"] ?? author) || "flotilla";
  const mail = clean(match?.["mail"] ?? "") || "flotilla@localhost";
  return `${name} <${mail}>`;
}

function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const plain = text.replaceAll(/[\u0000-\u001f\u007f<>]/g, " ");
  return plain.replaceAll(/^[\s.,:;"'\\]+|[\s.,:;"'\\]+$/g, "");
}

/** Reads the bytes of a commit object; GIT_CORRUPT when they are none. */
export function parseCommit(oid: string, bytes: Buffer): CommitInfo {
  const text = bytes.toString("utf8");
  const end = text.indexOf("\n\n");
  const header = end < 0 ? text : text.slice(0, end);
  const tree = /^tree ([0-9a-f]{40})$/m.exec(header)?.[1];
  const author = /^author (.*?) ?<[^>]*> -?\d+ [+-]\d{4}$/m.exec(header)?.[1] ?? "";
  const seconds = /^committer .*> (-?\d+) [+-]\d{4}$/m.exec(header)?.[1];
  if (tree === undefined || seconds === undefined) {
    throw new FleetError("GIT_CORRUPT", `commit ${oid} cannot be read`);
  }
  const parents = [...header.matchAll(/^parent ([0-9a-f]{40})$/gm)].map((match) => match[1] ?? "");
  const message = end < 0 ? "" : text.slice(end + 2);
  return { oid, tree, parents, message, author, at: Number(seconds) * 1000 };
}
