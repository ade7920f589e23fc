/**
 * The questions of a fetch that need no git: which protocol is spoken, and where the one branch is. In: a request of
 * git's protocol 2. Out: the answer, or null, where git itself is asked: whenever it is not that simple.
 */
import { mirrorBranch } from "../../core/protocol/mirror-layout.ts";
import { flush, packetLine, packetLines } from "./packet-lines.ts";
import { readRefFile } from "./refs.ts";

export interface UploadPackRequest {
  /** The repository, absolute. */
  readonly repoDir: string;
  readonly method: "GET" | "POST";
  /** Git-Protocol header; "" for none. */
  readonly protocol: string;
  readonly body: Buffer;
}

export interface UploadPackAnswer {
  readonly contentType: string;
  readonly body: string;
}

/** What every git that is new enough says of itself: it answers what comes after. */
const capabilities = [
  "version 2",
  "agent=flotilla",
  "ls-refs",
  "fetch=shallow wait-for-done",
  "object-format=sha1",
];

/** Answers where the branch has a file of its own, and nothing but the branch is asked for. */
export async function answerUploadPack(
  request: UploadPackRequest,
): Promise<UploadPackAnswer | null> {
  if (request.protocol !== "version=2") return null;
  const head = await readRefFile(request.repoDir, mirrorBranch);
  if (head === null) return null;
  if (request.method === "GET") {
    const lines = capabilities.map((line) => packetLine(`${line}\n`));
    return {
      contentType: "application/x-git-upload-pack-advertisement",
      body: lines.join("") + flush,
    };
  }
  if (!asksForBranchOnly(request.body)) return null;
  return {
    contentType: "application/x-git-upload-pack-result",
    body: packetLine(`${head} ${mirrorBranch}\n`) + flush,
  };
}

/** A listing by prefixes of which some is one of the branch, and none one of `HEAD`. */
function asksForBranchOnly(body: Buffer): boolean {
  const lines = packetLines(body);
  if (lines?.[0] !== "command=ls-refs") return false;
  const prefixes = lines
    .filter((line) => line.startsWith(prefixStart))
    .map((line) => line.slice(prefixStart.length));
  const isAsked = prefixes.some((prefix) => mirrorBranch.startsWith(prefix));
  return isAsked && !prefixes.some((prefix) => "HEAD".startsWith(prefix));
}

const prefixStart = "ref-prefix ";
