/** `flotilla simulator`: prints where it is, writes kubeconfigs, and ends in time or when told to. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { openCluster } from "../../src/adapters/kubernetes/cluster-client.ts";
import { runCli } from "../support/cli.ts";
import { emptyFolder, folderWith } from "../support/folder.ts";

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
  const client = openCluster({ kubeconfig: { path }, clock: systemClock() });
  expect((await client.identity()).uid).toMatch(/^[0-9a-f-]{36}$/);
  await client.close();
  stopping.abort();
  expect(await running).toMatchObject({ code: 0, stdout: expect.stringMatching(/^http:\/\/127/) });
});

it("begins with the clusters of its config file, and tells its mistakes with their places", async () => {
  const text = `clusters:
  - name: oslo
    nodes: [only]
  - name: bergen
    ownPort: true
    fault: { kind: error }
`;
  const folder = folderWith([
    { path: "good.yaml", text },
    { path: "bad.yaml", text: "clusters: [{ name: oslo, nodez: [] }]\n" },
  ]);
  const stopping = new AbortController();
  const args = ["simulator", "--config", "good.yaml", "--dir", "out"];
  const running = runCli(args, { cwd: folder, signal: stopping.signal });
  const out = join(folder, "out");
  await expect.poll(() => readdir(out).catch(() => [])).toHaveLength(2);
  const [oslo, bergen] = ["oslo", "bergen"].map((name) =>
    openCluster({
      kubeconfig: { path: join(out, `${name}.kubeconfig`) },
      clock: systemClock(),
    }),
  );
  const nodes = await oslo?.list({ apiVersion: "v1", kind: "Node" });
  expect(nodes?.map(({ metadata }) => metadata.name)).toEqual(["only"]);
  await expect(bergen?.identity()).rejects.toMatchObject({ facts: { status: 500 } });
  await Promise.all([oslo?.close(), bergen?.close()]);
  stopping.abort();
  expect(await running).toMatchObject({ code: 0 });

  const bad = await runCli(["simulator", "--config", "bad.yaml"], { cwd: folder });
  expect(bad).toMatchObject({ code: 2, stderr: expect.stringMatching(/bad\.yaml:1:26: .*nodez/) });
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
