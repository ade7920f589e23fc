/**
 * `npm run simulate -- --seeds N [--from M]` plays N stories and tells the first that breaks a promise, made as short as
 * it can be; `-- --seed N` plays one again and prints all of it. `--bug NAME` plants a deliberate bug first, `--jobs N`
 * takes so many processes (default: as many as there are processors). Exit code 1: a promise was broken.
 */
import { enableCompileCache } from "node:module";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { plantBug } from "./bugs.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    bug: { type: "string" },
    jobs: { type: "string", default: String(availableParallelism()) },
  },
});

enableCompileCache(); // what is compiled counts by its text: a bug's is another one
if (values.bug !== undefined) plantBug(values.bug);
// Only now: a bug must be there before what it is in is loaded.
const { playMany, playOne } = await import("./play.ts");
const holds =
  values.seed === undefined
    ? await playMany(
        { from: Number(values.from), count: Number(values.seeds) },
        { jobs: Number(values.jobs), bug: values.bug },
      )
    : await playOne(Number(values.seed));
if (!holds) process.exitCode = 1;
