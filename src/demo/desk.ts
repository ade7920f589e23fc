/**
 * How commands in another terminal reach a running demo: a small HTTP server on loopback, whose address and token lie
 * in the demo's folder, readable by its user alone.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { requireBearer } from "../adapters/http/authorize.ts";
import { askJson, type Server } from "../adapters/http/json-client.ts";
import type { RouteContext } from "../adapters/http/route.ts";
import { type HttpServer, startHttpServer } from "../adapters/http/server.ts";
import { FleetError } from "../core/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { createLogger } from "../runtime/logger.ts";
import { readTokenFile, writeTokenFile } from "../runtime/token-file.ts";
import { partOf } from "./breakage.ts";
import type { Demo } from "./demo.ts";

/** Folders of demos begin so, in the folder for temporary files. */
export const demoPrefix = "flotilla-demo-";

const closed = { additionalProperties: false } as const;

/** `demo.json` in the folder of a running demo. */
const DemoRecord = Type.Object({ pid: Type.Integer(), url: Type.String() }, closed);

/** What a command asks for. `part` is what follows the verb on the command line; none heals everything. */
const DeskRequest = Type.Object(
  {
    verb: Type.Union([Type.Literal("break"), Type.Literal("heal")]),
    part: Type.Array(Type.String()),
    how: Type.Union([Type.Literal("refuse"), Type.Literal("hang")]),
  },
  closed,
);
export type DeskRequest = Static<typeof DeskRequest>;

const DeskAnswer = Type.Object({ lines: Type.Array(Type.String()) }, closed);

const recordFile = "demo.json";
const tokenFile = "demo-token";

/** Starts to listen; `say` gets a line for each thing that was asked for. */
export async function openDesk(
  demo: Demo,
  { clock, say }: { readonly clock: Clock; readonly say: (line: string) => void },
): Promise<HttpServer> {
  const { dir } = demo.paths;
  const token = await writeTokenFile(join(dir, tokenFile));
  const server = await startHttpServer({
    listen: "127.0.0.1:0",
    clock,
    logger: createLogger({ name: "demo", level: "silent" }),
    routes: [
      {
        kind: "json",
        method: "POST",
        path: "/parts",
        authorize: ({ authorization }: RouteContext) => requireBearer(authorization, token),
        handle: async (_context, body) => {
          if (!Value.Check(DeskRequest, body)) throw usage("that is no request to a demo");
          const lines = await carryOut(demo, body);
          for (const line of lines) say(line);
          return { lines };
        },
      },
    ],
  });
  const record = { pid: process.pid, url: server.url };
  await writeFile(join(dir, recordFile), `${JSON.stringify(record)}\n`, { mode: 0o600 });
  return server;
}

async function carryOut(demo: Demo, { verb, part, how }: DeskRequest): Promise<readonly string[]> {
  if (verb === "break") return [await demo.break(partOf(part, demo.parts), how)];
  return part.length === 0 ? demo.healAll() : [await demo.heal(partOf(part, demo.parts))];
}

const server: Server = {
  name: "the demo",
  silentHint: "does `flotilla demo` still run?",
  wrongUrlHint: "start a new demo",
  tokenHint: "start a new demo",
  untrustedHint: "start a new demo",
};

/** Asks the demo in a folder; gives its lines. Throws the demo's own refusals. */
export async function askDesk(dir: string, request: DeskRequest): Promise<readonly string[]> {
  const record = await readRecord(dir);
  if (record === null) throw noDemo(`no demo runs in ${dir}`);
  const token = await readTokenFile(join(dir, tokenFile));
  const answer = await askJson({ server, url: record.url, token, path: "/parts", body: request });
  if (Value.Check(DeskAnswer, answer)) return answer.lines;
  throw noDemo(`${record.url} does not answer as a demo`);
}

/** The folder of the one demo of this user that runs with a folder of its own making. DEMO_FAILED for none or several. */
export async function findDemo(temporary: string): Promise<string> {
  const names = await readdir(temporary);
  const dirs = names
    .filter((name) => name.startsWith(demoPrefix))
    .map((name) => join(temporary, name));
  const running: string[] = [];
  for (const dir of dirs) if ((await readRecord(dir)) !== null) running.push(dir);
  const [only, ...others] = running;
  if (only === undefined) throw noDemo("no demo runs here");
  if (others.length === 0) return only;
  throw new FleetError("USAGE", `several demos run: ${running.join(", ")}`, {
    hint: "name the folder of one with --dir",
    retry: "never",
  });
}

/** The record of a demo that runs; null when there is none, or it has ended without taking it away. */
async function readRecord(dir: string): Promise<Static<typeof DemoRecord> | null> {
  try {
    const record: unknown = JSON.parse(await readFile(join(dir, recordFile), "utf8"));
    if (!Value.Check(DemoRecord, record)) return null;
    process.kill(record.pid, 0);
    return record;
  } catch {
    return null;
  }
}

function noDemo(message: string): FleetError {
  return new FleetError("DEMO_FAILED", message, {
    hint: "start one with `flotilla demo`, and name its folder with --dir if you gave it one",
    retry: "never",
  });
}

function usage(message: string): FleetError {
  return new FleetError("USAGE", message, { retry: "never" });
}
