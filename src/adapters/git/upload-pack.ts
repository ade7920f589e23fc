/**
 * The questions of a fetch that need no git: which protocol is spoken, where the one branch is, and what is new there
 * over a commit of a short time ago. In: a request of git's protocol 2. Out: the answer, or null, where git itself is
 * asked: whenever it is not that simple.
 */
import { FleetError } from "../../core/errors.ts";
import { mirrorBranch } from "../../core/protocol/mirror-layout.ts";
import type { NewsRange } from "./news-pack.ts";
import { isObjectId } from "./object-id.ts";
import { flush, packetLine, packetLines } from "./packet-lines.ts";
import { readRefFile } from "./refs.ts";

/** Makes the pack for who has some commits and wants one; null: git is to make it. See `newsPack`. */
type MakeNews = (range: NewsRange) => Promise<readonly Buffer[] | null>;

export interface UploadPackRequest {
  /** The repository, absolute. */
  readonly repoDir: string;
  readonly method: "GET" | "POST";
  /** Git-Protocol header; "" for none. */
  readonly protocol: string;
  readonly body: Buffer;
  /** Without it, git makes all packs. */
  readonly news?: MakeNews | undefined;
}

export interface UploadPackAnswer {
  readonly contentType: string;
  readonly body: Buffer;
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
      body: Buffer.from(lines.join("") + flush),
    };
  }
  const body = await bodyOf(request, head);
  return body === null ? null : { contentType: "application/x-git-upload-pack-result", body };
}

async function bodyOf({ body, news }: UploadPackRequest, head: string): Promise<Buffer | null> {
  const lines = packetLines(body);
  if (lines !== null && asksForBranchOnly(lines)) {
    return Buffer.from(packetLine(`${head} ${mirrorBranch}\n`) + flush);
  }
  const range = lines === null ? null : newsAsked(lines);
  // What is not the branch's head may be asked for by nobody: git says so.
  if (news === undefined || range?.want !== head) return null;
  try {
    const pack = await news(range);
    return pack === null ? null : packAnswer(pack);
  } catch (error) {
    // Damaged, or not there: git knows best what to say of it.
    if (error instanceof FleetError) return null;
    throw error;
  }
}

/** What a fetch wants over what it has, where it says no more than that, and that it is done. */
function newsAsked(lines: readonly string[]): NewsRange | null {
  if (lines[0] !== "command=fetch") return null;
  const rest = lines.slice(1).filter((line) => !plain.has(line) && !line.startsWith("agent="));
  const wants = rest.filter((line) => line.startsWith(wantStart));
  const haves = rest.filter((line) => line.startsWith(haveStart));
  const isSimple =
    lines.includes("done") &&
    lines.includes("thin-pack") &&
    wants.length === 1 &&
    wants.length + haves.length === rest.length;
  const [want = ""] = wants.map((line) => line.slice(wantStart.length));
  const oids = haves.map((line) => line.slice(haveStart.length));
  return isSimple && [want, ...oids].every(isObjectId) ? { want, haves: new Set(oids) } : null;
}

const plain = new Set(["object-format=sha1", "thin-pack", "no-progress", "ofs-delta", "done"]);
const wantStart = "want ";
const haveStart = "have ";

/** An answer that is the pack alone, in pieces as large as the protocol has them. */
function packAnswer(pack: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(pack);
  const parts = [Buffer.from(packetLine("packfile\n"))];
  for (let at = 0; at < bytes.length; at += maxPiece) {
    const piece = bytes.subarray(at, at + maxPiece);
    const length = (piece.length + 5).toString(16).padStart(4, "0");
    parts.push(Buffer.from(`${length}\u0001`), piece);
  }
  return Buffer.concat([...parts, Buffer.from(flush)]);
}

/** The largest line of the protocol, without its length and its band. */
const maxPiece = 65_520 - 5;

/** A listing by prefixes of which some is one of the branch, and none one of `HEAD`. */
function asksForBranchOnly(lines: readonly string[]): boolean {
  if (lines[0] !== "command=ls-refs") return false;
  const prefixes = lines
    .filter((line) => line.startsWith(prefixStart))
    .map((line) => line.slice(prefixStart.length));
  const isAsked = prefixes.some((prefix) => mirrorBranch.startsWith(prefix));
  return isAsked && !prefixes.some((prefix) => "HEAD".startsWith(prefix));
}

const prefixStart = "ref-prefix ";
