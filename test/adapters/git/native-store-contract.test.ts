import { join } from "node:path";
import { describe } from "vitest";
import { openStore } from "../../../src/adapters/git/native-store.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { temporaryFolder } from "../../support/git-repository.ts";
import { objectStoreContract } from "./object-store-contract.ts";

describe("an object store on native git", () => {
  objectStoreContract(async () =>
    openStore(join(await temporaryFolder(), "store.git"), { create: true, clock: systemClock() }),
  );
});
