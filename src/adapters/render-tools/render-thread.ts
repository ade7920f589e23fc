/** A thread that renders apps of a fleet from the end of their list, as `render-ahead.ts` asks; it tells their tables. */
import { parentPort, workerData } from "node:worker_threads";
import { loadFleet } from "../../core/model/load-fleet.ts";
import { aheadOfFleet } from "../../core/render/render-files.ts";
import { claim, type ThreadWork } from "./render-ahead.ts";

const { files, tools, apps, claims } = workerData as ThreadWork; // nothing else begins it
const loaded = loadFleet(files);
if (loaded.ok) {
  const render = aheadOfFleet(loaded.value, tools);
  for (let index = apps.length - 1; index >= 0 && claim(claims, index); index--) {
    const table = render(apps[index] ?? "");
    if (table !== undefined) parentPort?.postMessage(table(), []);
  }
}
