/** Commits file after file to a store, as a process of its own: `node store-writer.ts <dir> <name> <count>`. */
import { openStore } from "../../../src/adapters/git/native-store.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";

const [dir = "", name = "", count = "0"] = process.argv.slice(2);
const ref = "refs/heads/main";
const store = await openStore(dir, { create: true, clock: systemClock() });

async function existing(): Promise<number> {
  const head = await store.resolve(ref);
  return head === null ? 0 : (await store.list(head, name)).length;
}

async function commitNext(index: number): Promise<void> {
  const parent = await store.resolve(ref);
  const changes = [{ path: `${name}/${index}`, content: `${index}` }];
  try {
    await store.commitChanges({ ref, parent, changes, message: "m", author: "t", at: 0 });
  } catch (error) {
    if ((error as { code?: string }).code !== "REF_RACE") throw error;
    await commitNext(index);
  }
}

const start = await existing();
for (let index = start + 1; index <= start + Number(count); index += 1) {
  await commitNext(index);
  process.stdout.write(`${index}\n`);
}
await store.close();
