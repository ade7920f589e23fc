/** What the contract suites ask of a cluster, whether it is a real API server or the model. */
import { type ApiClient, createApiClient } from "../../control-plane/api-client.ts";
import type { Cluster } from "../../control-plane/start.ts";

/** An answer with its body as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One request at a time; `headers` has at most a content-type. */
export interface ClusterUnderTest {
  readonly name: string;
  request(request: TestRequest): Promise<Answer>;
}

/** A request of a suite. */
export interface TestRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: unknown;
}

/** A real API server. Its controllers are halted: what they write would depend on their speed. */
export function realCluster(cluster: Cluster): ClusterUnderTest & { close(): void } {
  const api: ApiClient = createApiClient(cluster);
  const [, controllers] = cluster.pids();
  if (controllers !== undefined) process.kill(controllers, "SIGSTOP");
  return {
    name: "a real API server",
    request: ({ method, path, contentType, body }) =>
      api.request(path, { method, body, ...(contentType !== undefined && { contentType }) }),
    close: () => api.close(),
  };
}
