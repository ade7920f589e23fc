/** Opens a store as a process of its own, writes to it, and prints what it has: `node state-store-child.ts <path> <key>`. */
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { stateKeyOf } from "../../src/worker/state-key.ts";
import { openStateStore } from "../../src/worker/state-store.ts";

const [path = "", key = ""] = process.argv.slice(2);
const store = openStateStore(path, {
  clock: systemClock(),
  key: stateKeyOf(key),
  logger: createLogger({ name: "worker" }),
});
const ids = store.objects("s1", "web").map(({ id }) => id);
store.setValue("key", "written");
await store.durable();
process.stdout.write(JSON.stringify([...ids, store.value("key")]));
await store.close();
