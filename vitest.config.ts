import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A machine that is busy starts a process in seconds.
    expect: { poll: { timeout: 15_000 } },
    // Processes, not threads: tests spawn git and servers, and kill -9 them.
    pool: "forks",
    // Most suites wait for most of their time: two share a machine of two cores well.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    setupFiles: ["test/support/fast-check-seed.ts"],
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  },
});
