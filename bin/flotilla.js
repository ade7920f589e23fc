#!/usr/bin/env node
// Flotilla runs on Node 24. Under an older one this starts itself again with the Node that the `node` package brings.
import { spawn } from "node:child_process";
import module, { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";

const neededMajor = 24;

if (Number(process.versions.node.split(".")[0]) >= neededMajor) {
  endWithWrapper();
  keepCompiled();
  const { main } = await import("../src/cli/main.ts");
  await main(process.argv.slice(2));
} else {
  const node = newerNode();
  if (node === undefined) {
    process.stderr.write(
      `flotilla: error: Node ${neededMajor} or newer is needed, this is ${process.version}; run \`npm install\` in the checkout, or install a newer Node\n`,
    );
    process.exitCode = 2;
  } else {
    runWith(node);
  }
}

/** Half of a start is compiling. It is kept beside the code, so that who may change the one may change the other. */
function keepCompiled() {
  module.enableCompileCache(join(import.meta.dirname, "..", "node_modules", ".cache", "flotilla"));
  setTimeout(() => module.flushCompileCache(), 10_000).unref();
}

/** What an older Node started ends in order when that one is killed: the channel between them closes. */
function endWithWrapper() {
  if (process.channel === undefined || process.channel === null) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}

function newerNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve("node/package.json");
    return join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    return undefined;
  }
}

function runWith(node) {
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(name, () => {
      // A terminal sends Ctrl-C to both; a second one would tell the child to end at once.
      if (name !== "SIGINT" || !process.stderr.isTTY) child.kill(name);
    });
  }
  child.once("error", (error) => {
    process.stderr.write(`flotilla: error: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.once("exit", (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}
