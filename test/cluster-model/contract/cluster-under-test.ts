/** What a contract case sees of a cluster: the model in this process, behind HTTP, or a real API server. */
import type { Agent } from "undici";
import { request as httpRequest } from "undici";
import type { PodScript } from "../../../src/core/cluster-model/pods/pod-script.ts";

/** An answer; `body` is `{}` where there was no JSON, `text` holds it then. */
export interface Answer {
  readonly status: number;
  // What an API server answers has many forms: cases look at single fields, and an absent one fails them.
  readonly body: Body;
  readonly text: string;
}

/** JSON as it comes: reading a field of nothing is a failed case. */
export type Body = { readonly [field: string]: Body } & readonly Body[];

interface Ask {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
}

/** One line of a watch. */
export interface Seen {
  readonly type: string;
  readonly object: Body;
}

/** A watch under way; `stop` ends it. */
interface Watching {
  readonly events: readonly Seen[];
  readonly isOver: () => boolean;
  stop(): void;
}

/** A cluster that a case may do anything to within its own namespace. */
export interface ClusterUnderTest {
  request(method: string, path: string, ask?: Ask): Promise<Answer>;
  watch(path: string): Watching;
  setScript(script: PodScript): void;
  /** Makes the server forget past changes: compaction in the model, a restart of a real one. */
  forgetHistory(): Promise<void>;
  /** Lets time pass: real time, or the model's. */
  pause(ms: number): Promise<void>;
}

const patience = 40_000;

/** Waits until `look` gives something; the last thing it threw, or that it gave nothing, is the failure. */
export async function eventually<T>(
  cluster: ClusterUnderTest,
  what: string,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  let waited = 0;
  while (waited < patience) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await cluster.pause(25);
    waited += 25;
  }
  throw new Error(`waited in vain: ${what}`);
}

/** Sends requests over HTTP; `prefix` lies before every path. */
export function httpCluster(options: {
  readonly url: string;
  readonly token: string;
  readonly dispatcher: Agent;
}): Pick<ClusterUnderTest, "request" | "watch" | "pause"> {
  const { url, token, dispatcher } = options;
  const headers = { authorization: `Bearer ${token}`, "user-agent": "contract/1" };
  return {
    request: async (method, path, ask = {}) => {
      const answer = await httpRequest(`${url}${path}`, {
        method: method as "GET", // undici's type is a closed list
        dispatcher,
        headers: {
          ...headers,
          accept: ask.accept ?? "application/json",
          ...(ask.body !== undefined && { "content-type": ask.contentType ?? "application/json" }),
        },
        ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
      });
      return answerOf(answer.statusCode, await answer.body.text());
    },
    watch: (path) => {
      const events: Seen[] = [];
      const stopping = new AbortController();
      let isOver = false;
      const read = async (): Promise<void> => {
        const { signal } = stopping;
        const answer = await httpRequest(`${url}${path}`, { dispatcher, headers, signal });
        let rest = "";
        for await (const chunk of answer.body) {
          const lines = (rest + String(chunk)).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) events.push(JSON.parse(line) as Seen); // written by the server
        }
      };
      void read()
        .catch(() => undefined)
        .finally(() => (isOver = true));
      return { events, isOver: () => isOver, stop: () => stopping.abort() };
    },
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** Reads an answer as JSON where it is some. */
export function answerOf(status: number, text: string): Answer {
  try {
    return { status, text, body: JSON.parse(text) as Body }; // written by the server
  } catch {
    return { status, text, body: {} as unknown as Body }; // no JSON: no fields
  }
}

/** A case of the contract: what `row` promises, shown in a namespace of its own. */
export interface ContractCase {
  readonly row: string;
  run(cluster: ClusterUnderTest, namespace: string): Promise<void>;
}
