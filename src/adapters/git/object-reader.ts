import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ByteQueue } from "./byte-queue.ts";
import { gitFailure } from "./git-errors.ts";
import { cannotStart, type GitChild, killGroup, spawnGit } from "./git-process.ts";
import { type GitObject, isObjectId, objectId, type ObjectType } from "./object-id.ts";

/** What `git cat-file` tells of a name: `bytes` only when the content was asked for. */
export interface ReadObject {
  readonly oid: string;
  readonly type: ObjectType;
  readonly size: number;
  readonly bytes: Buffer;
}

interface Request {
  readonly kind: "info" | "contents";
  readonly name: string;
  readonly resolve: (object: ReadObject | undefined) => void;
  readonly reject: (error: unknown) => void;
  /** How many processes have died over it. */
  deaths: number;
}

const maxObjectBytes = 128 * 1024 * 1024;
const maxStderr = 4096;

/**
 * One long-lived `git cat-file --batch-command`: questions are sent at once and answered in order. It is started when
 * it is needed and started again when it dies; a question that kills it twice is a damaged object. Content is checked
 * against its id. It keeps the process alive only while questions are open.
 */
export class ObjectReader {
  readonly #gitDir: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #waiting: Request[] = [];
  #child: Session | undefined;
  #closed = false;

  constructor(options: {
    readonly gitDir: string;
    readonly clock: Clock;
    readonly timeoutMs?: number;
  }) {
    this.#gitDir = options.gitDir;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
  }

  /** Type and size of each name; undefined for what is not there. */
  info(names: readonly string[]): Promise<(ReadObject | undefined)[]> {
    return this.#ask("info", names);
  }

  /** Type and bytes of each id, checked; absent when not there. */
  async contents(oids: readonly string[]): Promise<ReadonlyMap<string, GitObject>> {
    const objects = await this.#ask("contents", oids);
    const found = new Map<string, GitObject>();
    for (const object of objects) {
      if (object === undefined) continue;
      if (objectId(object.type, object.bytes) !== object.oid) {
        throw new FleetError("GIT_CORRUPT", `object ${object.oid} is damaged`);
      }
      found.set(object.oid, object);
    }
    return found;
  }

  /** Ends the process, so that the next question starts a new one (files that a repack removed are let go). */
  restart(): void {
    if (this.#waiting.length > 0) return;
    this.#child?.stop();
    this.#child = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    child?.kill();
    await child?.ended;
  }

  async #ask(kind: Request["kind"], names: readonly string[]): Promise<(ReadObject | undefined)[]> {
    if (names.length === 0) return [];
    if (this.#closed) throw new Error("the object store is closed");
    const from = this.#waiting.length;
    const asked = names.map((name) => this.#enqueue(kind, name));
    if (this.#child === undefined) this.#child = this.#start();
    else this.#child.send(this.#waiting.slice(from));
    const done = new AbortController();
    void this.#clock.sleep(this.#timeoutMs, done.signal).then(() => {
      if (!done.signal.aborted) this.#giveUp();
    });
    try {
      return await Promise.all(asked);
    } finally {
      done.abort("answered");
    }
  }

  #enqueue(kind: Request["kind"], name: string): Promise<ReadObject | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ kind, name, resolve, reject, deaths: 0 });
    });
  }

  #start(): Session {
    const session = new Session(this.#gitDir, this.#clock, this.#waiting);
    void session.ended.then((error) => this.#onEnd(session, error));
    session.send(this.#waiting);
    return session;
  }

  #onEnd(session: Session, error: FleetError): void {
    if (this.#child !== session) return;
    this.#child = undefined;
    const head = this.#waiting[0];
    if (head === undefined) return;
    head.deaths += 1;
    if (this.#closed) this.#rejectAll(new Error("the object store is closed"));
    else if (head.deaths > 1) this.#reject(head, error);
    if (this.#waiting.length > 0) this.#child ??= this.#start();
  }

  /** A damaged object is the fault of one question; anything else would meet the next one too. */
  #reject(head: Request, error: FleetError): void {
    if (error.code !== "GIT_CORRUPT") return this.#rejectAll(error);
    this.#waiting.shift();
    head.reject(error);
  }

  #giveUp(): void {
    const seconds = this.#timeoutMs / 1000;
    this.#rejectAll(
      new FleetError("GIT_TIMEOUT", `git cat-file did not answer within ${seconds} s`),
    );
    this.#child?.kill();
  }

  #rejectAll(error: Error): void {
    // The session holds the same array: it is emptied, not replaced.
    for (const request of this.#waiting.splice(0)) request.reject(error);
  }
}

/** One process and what it has still to answer. */
class Session {
  /** Resolves when the process is over, with the error to give to whom it owes an answer. */
  readonly ended: Promise<FleetError>;
  readonly #clock: Clock;
  readonly #child: GitChild;
  readonly #waiting: Request[];
  readonly #queue = new ByteQueue();
  readonly #over = new AbortController();
  #alive = true;
  /** Killed: what it still says belongs to nobody. */
  #killed = false;
  #header: { oid: string; type: ObjectType; size: number } | undefined;

  constructor(gitDir: string, clock: Clock, waiting: Request[]) {
    this.#clock = clock;
    this.#waiting = waiting;
    this.#child = spawnGit({ args: ["cat-file", "--batch-command"], gitDir });
    this.#child.stdin.on("error", () => undefined);
    this.#child.stdout.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.ended = this.#whenEnded();
  }

  /** In one piece: a write for each of many would cost more than all of their answers. */
  send(requests: readonly Request[]): void {
    this.#keepAlive(true);
    this.#child.stdin.write(requests.map(({ kind, name }) => `${kind} ${name}\n`).join(""));
  }

  stop(): void {
    this.#child.stdin.end();
  }

  kill(): void {
    this.#killed = true;
    killGroup(this.#child, this.#clock, this.#over.signal);
  }

  #whenEnded(): Promise<FleetError> {
    let stderr = "";
    this.#child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < maxStderr) stderr += chunk.toString("utf8");
    });
    return new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(cannotStart(error)));
      this.#child.once("close", (code) => {
        this.#over.abort();
        resolve(gitFailure({ command: "cat-file", code, stderr }));
      });
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#killed) return;
    this.#queue.push(chunk);
    while (this.#waiting.length > 0 && this.#readAnswer());
    if (this.#waiting.length === 0) this.#keepAlive(false);
  }

  /** Takes one whole answer from the queue. False while it is incomplete. */
  #readAnswer(): boolean {
    if (this.#header === undefined) {
      const line = this.#queue.takeLine();
      return line !== undefined && this.#onHeader(line);
    }
    const bytes = this.#queue.take(this.#header.size + 1);
    if (bytes === undefined) return false;
    const header = this.#header;
    this.#header = undefined;
    this.#answer({ ...header, bytes: bytes.subarray(0, -1) });
    return true;
  }

  #onHeader(line: string): boolean {
    const [oid = "", type = "", size = ""] = line.split(" ");
    if (!isObjectId(oid) || !/^(blob|tree|commit|tag)$/.test(type)) {
      this.#answer(undefined);
      return true;
    }
    // The pattern above is the type.
    const header = { oid, type: type as ObjectType, size: Number(size) };
    if (this.#waiting[0]?.kind === "info") {
      this.#answer({ ...header, bytes: Buffer.alloc(0) });
      return true;
    }
    if (header.size > maxObjectBytes) {
      this.#waiting.shift()?.reject(tooLarge(header));
      this.kill();
      return false;
    }
    this.#header = header;
    return true;
  }

  #answer(object: ReadObject | undefined): void {
    this.#waiting.shift()?.resolve(object);
  }

  #keepAlive(alive: boolean): void {
    if (this.#alive === alive) return;
    this.#alive = alive;
    for (const handle of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      // The pipes of a child are sockets, which have ref and unref; their types do not say so.
      const { ref, unref } = handle as { ref?: () => void; unref?: () => void };
      (alive ? ref : unref)?.call(handle);
    }
  }
}

function tooLarge({ oid, size }: { readonly oid: string; readonly size: number }): FleetError {
  return new FleetError(
    "GIT_FAILED",
    `object ${oid} has ${size} bytes; at most ${maxObjectBytes} are read`,
    { retry: "never" },
  );
}
