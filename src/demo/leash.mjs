// Loaded into child processes of tests (`node --import`): a child lives no longer than its standard input,
// so that nothing is left behind when the test process is killed.
process.stdin.on("end", () => process.exit(137));
process.stdin.on("error", () => process.exit(137));
process.stdin.resume();
process.stdin.unref?.();
