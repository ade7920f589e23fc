/**
 * The tokens that callers may have, each with a name and a role. The file holds only their hashes, and is read again when
 * it changes. While it cannot be used nobody gets in by it: a token that was taken out must not live on by a slip.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { stat } from "node:fs/promises";
import { Type } from "typebox";
import { HttpRefusal } from "../adapters/http/answer-error.ts";
import { FleetError } from "../core/errors.ts";
import type { Caller } from "../core/protocol/caller.ts";
import type { Logger } from "../runtime/logger.ts";
import { readConfigOrFail } from "../runtime/read-config.ts";

const closed = { additionalProperties: false } as const;

const TokenFile = Type.Object(
  {
    tokens: Type.Array(
      Type.Object(
        {
          name: Type.String({
            pattern: "^[A-Za-z0-9][A-Za-z0-9@._+-]{0,63}$",
            description: "the caller's name, 1 to 64 letters, digits, @ . _ + or -",
          }),
          role: Type.Union([Type.Literal("view"), Type.Literal("operate"), Type.Literal("admin")], {
            description: "view, operate or admin",
          }),
          sha256: Type.String({
            pattern: "^[0-9a-f]{64}$",
            description:
              "the SHA-256 of the token, 64 hexadecimal digits: `flotilla token` prints it",
          }),
        },
        { ...closed, description: "one token" },
      ),
    ),
  },
  { ...closed, description: "a file of tokens" },
);

type Known =
  | { readonly stamp: string; readonly callers: readonly (readonly [Buffer, Caller])[] }
  | { readonly stamp: string; readonly problem: string };

export class TokenList {
  readonly #path: string;
  readonly #logger: Logger;
  #known: Known = { stamp: "", callers: [] };

  private constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** Reads the file. USAGE with every mistake and its place. */
  static async open(path: string, logger: Logger): Promise<TokenList> {
    const list = new TokenList(path, logger);
    await list.#load(await list.#stamp());
    return list;
  }

  /** Whose token it is; undefined: nobody's. 503 while the file cannot be used. */
  async find(token: string): Promise<Caller | undefined> {
    const given = createHash("sha256").update(token, "utf8").digest();
    let found: Caller | undefined;
    // All are compared, so that the time tells nothing.
    for (const [hash, caller] of await this.#callers()) {
      if (timingSafeEqual(hash, given)) found ??= caller;
    }
    return found;
  }

  /** True while the token of this caller's credential is in the file. */
  async has(credential: string): Promise<boolean> {
    return (await this.#callers()).some(([, caller]) => caller.credential === credential);
  }

  async #callers(): Promise<readonly (readonly [Buffer, Caller])[]> {
    const stamp = await this.#stamp();
    if (stamp !== this.#known.stamp) await this.#reload(stamp);
    if ("callers" in this.#known) return this.#known.callers;
    throw new HttpRefusal(503, "the controller cannot use its token file; its log has the reason");
  }

  async #reload(stamp: string): Promise<void> {
    try {
      await this.#load(stamp);
      this.#logger.info("the token file was read again", { path: this.#path });
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      this.#known = { stamp, problem: error.message };
      this.#logger.error("the token file cannot be used: nobody gets in by it", { error });
    }
  }

  async #load(stamp: string): Promise<void> {
    const { tokens } = await readConfigOrFail(this.#path, TokenFile);
    const callers = tokens.map(({ name, role, sha256 }) => {
      const credential = `token:${sha256.slice(0, 16)}`;
      return [Buffer.from(sha256, "hex"), { name: `${name} (token)`, role, credential }] as const;
    });
    this.#known = { stamp, callers };
  }

  /** Changes whenever the file does; `gone` where there is none. */
  async #stamp(): Promise<string> {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(this.#path);
      return [mtimeMs, ctimeMs, size, ino].join(" ");
    } catch {
      return "gone"; // reading it tells why
    }
  }
}
