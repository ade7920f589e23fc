/** `flotilla simulator`: prints where it is, writes kubeconfigs, and ends in time or when told to. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openCluster } from "../../src/adapters/kubernetes/cluster-client.ts";
import { runCli } from "../support/cli.ts";
import { emptyFolder } from "../support/folder.ts";

it("serves the clusters that its kubeconfigs name until it is told to end", async () => {
  const folder = emptyFolder();
  const stopping = new AbortController();
  const args = ["simulator", "--clusters", "2", "--prefix", "shop-", "--dir", folder];
  const running = runCli(args, { signal: stopping.signal });
  await expect
    .poll(async () => (await readdir(folder)).toSorted())
    .toEqual(["shop-1.kubeconfig", "shop-2.kubeconfig"]);
  const path = join(folder, "shop-2.kubeconfig");
  expect(await readFile(path, "utf8")).toContain("/clusters/shop-2");
  const client = openCluster({ kubeconfig: { path } });
  expect((await client.identity()).uid).toMatch(/^[0-9a-f-]{36}$/);
  await client.close();
  stopping.abort();
  expect(await running).toMatchObject({ code: 0, stdout: expect.stringMatching(/^http:\/\/127/) });
});

it("ends by itself at the time that it was given", async () => {
  expect(await runCli(["simulator", "--name", "oslo", "--end-after", "50ms"])).toMatchObject({
    code: 0,
  });
});

it.each([
  [["--clusters", "none"], "--clusters is a number from 1"],
  [["--end-after", "soon"], '--end-after is a time such as 10m, not "soon"'],
  [["--listen", "0.0.0.0:1"], "will not listen on 0.0.0.0:1"],
])("refuses %j", async (args, message) => {
  const result = await runCli(["simulator", ...args]);
  expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});
