/** Seeds in chunks, several at once: what is told is the same for any number of jobs. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Outcome } from "./simulation.ts";

/** Seeds in a row. */
export interface Chunk {
  readonly from: number;
  readonly count: number;
}

/** What became of a chunk; it ends with the first seed that breaks a promise. */
export interface ChunkResult extends Pick<Outcome, "passes" | "writes" | "steps"> {
  readonly brokenSeed: number | null;
  /** Time of processors, ms. */
  readonly cpuMs: number;
}

/** Small, for what is under way when a seed breaks is played to its end. */
const chunkSize = 10;

/** Plays all seeds up to the first that breaks a promise. */
export async function playChunks(
  { from, count }: Chunk,
  { jobs, bug }: { readonly jobs: number; readonly bug: string | undefined },
): Promise<ChunkResult> {
  const results: ChunkResult[] = [];
  let next = from;
  let isBroken = false;
  const work = async (): Promise<void> => {
    const player = fork(
      join(import.meta.dirname, "chunks-child.ts"),
      bug === undefined ? [] : [bug],
    );
    try {
      while (!isBroken && next < from + count) {
        const chunk = { from: next, count: Math.min(chunkSize, from + count - next) };
        next += chunkSize;
        const result = await ask(player, chunk);
        isBroken ||= result.brokenSeed !== null;
        results.push(result);
      }
    } finally {
      if (player.connected) player.disconnect();
    }
  };
  // Chunks are given out in order, and each is finished: the lowest broken seed is among what was played.
  await Promise.all(Array.from({ length: jobs }, work));
  return sum(results);
}

function ask(player: ChildProcess, chunk: Chunk): Promise<ChunkResult> {
  return new Promise((resolve, reject) => {
    const end = (code: number | null): void => reject(new Error(`a player ended: ${code}`));
    player.once("exit", end);
    player.once("message", (result) => {
      player.off("exit", end);
      resolve(result as ChunkResult); // nothing else is sent by `chunks-child.ts`
    });
    player.send(chunk);
  });
}

function sum(results: readonly ChunkResult[]): ChunkResult {
  const of = (count: (result: ChunkResult) => number): number =>
    results.reduce((before, result) => before + count(result), 0);
  const broken = results.flatMap(({ brokenSeed }) => brokenSeed ?? []);
  return {
    passes: of(({ passes }) => passes),
    writes: of(({ writes }) => writes),
    steps: of(({ steps }) => steps),
    cpuMs: of(({ cpuMs }) => cpuMs),
    brokenSeed: broken.length === 0 ? null : Math.min(...broken),
  };
}
