import { describe } from "vitest";
import { memoryStore } from "../../../src/adapters/git/memory-store.ts";
import { objectStoreContract } from "./object-store-contract.ts";

describe("an object store in memory", () => {
  objectStoreContract(() => Promise.resolve(memoryStore()));
});
