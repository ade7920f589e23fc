/**
 * A fetch of a mirror with one git process, where git itself needs a chain of them: the worker asks where the branch is,
 * asks for what is new there over the commit that it follows, and gives that to git, which checks that everything in it
 * is sound, and that everything it names is there, before it keeps any of it. Null: git is to fetch, whenever something
 * is not that simple; it also knows best what to say of a failure.
 */
import { FleetError } from "../../core/errors.ts";
import { mirrorBranch } from "../../core/protocol/mirror-layout.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Git } from "./git-process.ts";
import { isObjectId } from "./object-id.ts";
import { filesInPack } from "./pack-files.ts";
import { delimiter, flush, packetLine, packetLines, packets } from "./packet-lines.ts";
import { authorizationFor, type Remote } from "./remote.ts";
import { removeStaleFiles } from "./stale-files.ts";

/** Sends a request of git's; `fetch` does. */
export type PostToGit = (
  url: string,
  init: {
    readonly method: "POST";
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly redirect: "error";
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> | null }>;

export interface QuickFetch {
  readonly git: Git;
  readonly gitDir: string;
  readonly remote: Remote;
  readonly post: PostToGit;
  /** The commit that is followed: the repository has all of it. */
  readonly followed: string;
  /** The head that was fetched last, so that what is refused is not fetched again and again. */
  readonly fetched: string | undefined;
  /** What somebody says that the head is now: only ever a reason to ask, but for what is new there at once. */
  readonly told: string | undefined;
  /** Told the texts of new files by their ids, once git keeps them: who wants them need not ask git. */
  readonly onFiles: (files: ReadonlyMap<string, string>) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** What is larger, or takes longer, is no quick fetch: git does it, and can take its time. */
const maxBytes = 8 * 1024 * 1024;
const patienceMs = 10_000;

/** The head of the mirror, with all of it in the repository; null: that is for git to find out. */
export async function quickFetch(fetch: QuickFetch): Promise<string | null> {
  const guess = guessNews(fetch);
  try {
    const head = await askForHead(fetch);
    if (head === null || head === fetch.followed || head === fetch.fetched) return head;
    const isGuessed = guess !== undefined && head === fetch.told;
    const answer = await (isGuessed ? guess.answer : ask(fetch, newsOf(head, fetch.followed)));
    const pack = packIn(answer);
    const [, files] = await Promise.all([keep(fetch, pack), readFiles(fetch, pack)]);
    fetch.onFiles(files);
    return head;
  } catch (error) {
    fetch.signal?.throwIfAborted();
    // Refused, cut off, late, damaged, a part of it missing here: all that is expected of a network and a disk.
    if (!(error instanceof FleetError)) throw error;
    // What git leaves of a pack that it did not keep.
    await removeStaleFiles(fetch.gitDir);
    return null;
  } finally {
    guess?.end();
  }
}

interface Guess {
  readonly answer: Promise<AsyncIterable<Uint8Array>>;
  /** What has not been read of the answer is not wanted. */
  end(): void;
}

/** Asks for what is new at the head that is told, while the mirror is asked where its head is: a way there and back less. */
function guessNews(fetch: QuickFetch): Guess | undefined {
  const { told, followed, fetched, signal } = fetch;
  const isKnown = told === followed || told === fetched;
  if (told === undefined || isKnown || !isObjectId(told)) return undefined;
  const ended = new AbortController();
  const both = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
  const answer = ask({ ...fetch, signal: both }, newsOf(told, followed));
  // Of a guess that was wrong nobody wants to know how it ended.
  answer.catch(() => undefined);
  return { answer, end: () => ended.abort() };
}

/** Gives the pack to git, which starts while the mirror makes it. */
async function keep(
  { git, gitDir, signal }: QuickFetch,
  pack: Promise<readonly Buffer[]>,
): Promise<void> {
  const pieces = async function* (): AsyncGenerator<Buffer> {
    yield* await pack;
  };
  const args = ["index-pack", "--stdin", "--fix-thin", "--strict"];
  await git({ args, gitDir, input: pieces(), signal });
}

/** Reads the files of the pack while git checks it. */
async function readFiles(
  { clock }: QuickFetch,
  pack: Promise<readonly Buffer[]>,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [oid, text] of filesInPack(Buffer.concat(await pack))) {
    // Git is to get the rest of the pack meanwhile.
    if (files.size % filesAtOnce === 0) await clock.sleep(0);
    files.set(oid, text);
  }
  return files;
}

const filesAtOnce = 200;

async function askForHead(fetch: QuickFetch): Promise<string | null> {
  const prefix = packetLine(`ref-prefix ${mirrorBranch}\n`);
  const answer = await ask(fetch, command("ls-refs", prefix));
  const lines = packetLines(await readAll(answer)) ?? [];
  const line = lines.find((one) => one.slice(idLength) === ` ${mirrorBranch}`);
  const head = line?.slice(0, idLength) ?? "";
  return isObjectId(head) ? head : null;
}

const idLength = 40;

function newsOf(head: string, followed: string): string {
  const wishes = ["thin-pack", "no-progress", "ofs-delta", `want ${head}`, `have ${followed}`];
  return command("fetch", [...wishes, "done"].map((line) => packetLine(`${line}\n`)).join(""));
}

function command(name: string, rest: string): string {
  const lines = [`command=${name}\n`, "agent=flotilla\n", "object-format=sha1\n"];
  return lines.map(packetLine).join("") + delimiter + rest + flush;
}

/** The body of the answer, which has begun. */
async function ask(
  { remote, post, signal }: QuickFetch,
  body: string,
): Promise<AsyncIterable<Uint8Array>> {
  const authorization = await authorizationFor(remote);
  const late = AbortSignal.timeout(patienceMs);
  const headers = {
    "content-type": "application/x-git-upload-pack-request",
    "git-protocol": "version=2",
    ...(authorization !== undefined && { authorization }),
  };
  const answer = await post(`${remote.url}/git-upload-pack`, {
    method: "POST",
    headers,
    body,
    redirect: "error", // the token is for this address alone
    signal: signal === undefined ? late : AbortSignal.any([signal, late]),
  }).catch(failed);
  if (answer.body === null) return failed("it said nothing");
  if (answer.status === 200) return answer.body;
  await readAll(answer.body); // so that the connection is free for what comes next
  return failed(`it answered ${answer.status}`);
}

function failed(cause: unknown): never {
  throw new FleetError("GIT_FAILED", "the mirror did not answer as it usually does", { cause });
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  } catch (cause) {
    return failed(cause);
  }
  return size > maxBytes ? failed(`more than ${maxBytes} bytes`) : Buffer.concat(chunks);
}

/** The pack in an answer that is whole; what git says beside it counts only where it is that it failed. */
async function packIn(answer: AsyncIterable<Uint8Array>): Promise<readonly Buffer[]> {
  const [section, ...lines] = packets(await readAll(answer)) ?? [];
  const isPack = section?.toString("latin1") === "packfile\n";
  if (!isPack || lines.some((line) => line[0] === failure)) failed("there is no pack in it");
  return lines.filter((line) => line[0] === data).map((line) => line.subarray(1));
}

/** The bands of an answer that has a pack. */
const data = 1;
const failure = 3;
