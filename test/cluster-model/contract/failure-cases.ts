/** Failures on demand: what a client sees while a cluster fails, and that nothing is written or lost by it. */
import { type Agent, request } from "undici";
import { expect, it } from "vitest";
import type { Fault } from "../../../src/simulator/cluster-host.ts";
import type { Body } from "./cluster-under-test.ts";

/** A cluster over HTTP that fails when it is told to. */
export interface FailingCluster {
  readonly url: string;
  readonly token: string;
  readonly dispatcher: Agent;
  fail(fault: Fault): void;
  heal(): void;
}

interface FailureCase {
  readonly row: string;
  run(cluster: FailingCluster): Promise<void>;
}

const maps = "/api/v1/namespaces/default/configmaps";
let count = 0;

/** With a body it creates, without one it reads. */
async function ask(
  { url, token, dispatcher }: FailingCluster,
  path: string,
  options: { readonly body?: object; readonly timeoutMs?: number } = {},
): Promise<{ status: number; retryAfter: unknown; text: string; body: Body }> {
  const answer = await request(`${url}${path}`, {
    method: options.body === undefined ? "GET" : "POST",
    dispatcher,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
  });
  const text = await answer.body.text();
  const body = (text.startsWith("{") ? JSON.parse(text) : {}) as Body; // written by the server
  return { status: answer.statusCode, retryAfter: answer.headers["retry-after"], text, body };
}

/** Tries to create an object while the cluster fails; then heals it and shows that nothing was created. */
async function expectNothingWritten(
  cluster: FailingCluster,
  attempt: (create: () => ReturnType<typeof ask>) => Promise<void>,
): Promise<void> {
  const name = `unwritten-${(count += 1)}`;
  await attempt(() => ask(cluster, maps, { body: { metadata: { name } }, timeoutMs: 300 }));
  cluster.heal();
  const { status } = await ask(cluster, `${maps}/${name}`);
  expect(status).toBe(404);
}

export const failureCases: readonly FailureCase[] = [
  {
    row: "refuse: no answer, the connection ends; nothing is written, and it answers again once healed",
    run: async (cluster) => {
      cluster.fail({ kind: "refuse" });
      await expectNothingWritten(cluster, (create) =>
        expect(create()).rejects.toThrow(/closed|ECONNRESET|ECONNREFUSED/),
      );
    },
  },
  {
    row: "hang: no answer at all, until healed; the client's own patience ends first",
    run: async (cluster) => {
      cluster.fail({ kind: "hang" });
      const asked = ask(cluster, "/version", { timeoutMs: 300 });
      await expect(asked).rejects.toThrow(/timeout/i);
      cluster.heal();
      expect((await ask(cluster, "/version")).status).toBe(200);
    },
  },
  {
    row: "throttle: 429 in plain text with `Retry-After`; nothing is written",
    run: async (cluster) => {
      cluster.fail({ kind: "throttle", retryAfterSeconds: 7 });
      await expectNothingWritten(cluster, async (create) => {
        const { status, retryAfter, text } = await create();
        const said = "Too many requests, please try again later.";
        expect([status, retryAfter, text.trim()]).toEqual([429, "7", said]);
      });
    },
  },
  {
    row: "error: 500 InternalError; nothing is written",
    run: async (cluster) => {
      cluster.fail({ kind: "error" });
      await expectNothingWritten(cluster, async (create) => {
        const { status, body } = await create();
        expect([status, body.kind, body.reason]).toEqual([500, "Status", "InternalError"]);
      });
    },
  },
  {
    row: "slow: the right answer, so much later",
    run: async (cluster) => {
      cluster.fail({ kind: "slow", delayMs: 250 });
      const started = performance.now();
      const { status } = await ask(cluster, "/version");
      const tookMs = performance.now() - started;
      cluster.heal();
      expect(status).toBe(200);
      expect(tookMs).toBeGreaterThanOrEqual(245); // timers may fire a little early
    },
  },
];

/** `open` gives the cluster; called when the tests run. */
export function runFailures(open: () => FailingCluster): void {
  it.each(failureCases.map((one) => [one.row, one] as const))("Failures: %s", async (_row, one) => {
    await expect(one.run(open())).resolves.toBeUndefined();
  });
}
