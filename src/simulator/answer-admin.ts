/** The admin API: breaking and healing clusters, scripts for their pods, what was asked of them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TSchema, Static } from "typebox";
import { Value } from "typebox/value";
import type { Json, JsonObject } from "../core/model/json.ts";
import { sendStatus } from "./answer-http.ts";
import type { ClusterHost } from "./cluster-host.ts";
import { FaultBody, ScriptBody } from "./control-requests.ts";
import { countsOf, failHost, healHost } from "./fault-controls.ts";

interface AdminRequest {
  readonly hosts: ReadonlyMap<string, ClusterHost>;
  /** Undefined where the path names none. */
  readonly host: ClusterHost | undefined;
  readonly body: Json | undefined;
}

/** What a request is answered with; undefined: it cannot be done, and 404 or 400 says so. */
type Answer = (request: AdminRequest) => Json | undefined;

const answers: Readonly<Record<string, Answer>> = {
  "GET clusters": ({ hosts }) => [...hosts.values()].map(summary),
  "GET counts": ({ hosts }) => countsOf([...hosts.values()]),
  "DELETE counts": ({ hosts }) => {
    for (const host of hosts.values()) host.counts.clear();
    return {};
  },
  "GET cluster": ({ host }) => (host === undefined ? undefined : dump(host)),
  "PUT fault": ({ host, body }) => {
    const fault = read(FaultBody, body);
    if (host === undefined || fault === undefined) return undefined;
    failHost(host, fault);
    return summary(host);
  },
  "DELETE fault": ({ host }) => {
    if (host === undefined) return undefined;
    healHost(host);
    return summary(host);
  },
  "PUT script": ({ host, body }) => {
    const script = read(ScriptBody, body);
    if (host === undefined || script === undefined) return undefined;
    host.setScript(script);
    return summary(host);
  },
};

/** Answers `/admin/...`. */
export function answerAdmin(
  { hosts, url }: { readonly hosts: ReadonlyMap<string, ClusterHost>; readonly url: string },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const parts = url.split("/").slice(1);
    const what = whatOf(parts);
    const body = decode(Buffer.concat(chunks).toString());
    const host = hosts.get(parts[2] ?? "");
    const answer = answers[`${request.method ?? "GET"} ${what}`]?.({ hosts, host, body });
    if (answer === undefined) {
      const message = `cannot do ${request.method ?? ""} ${url}: no such path or cluster, or a body that does not fit`;
      sendStatus(response, { code: 400, reason: "BadRequest", message });
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  });
}

/** `/admin/clusters`, `/admin/counts`, `/admin/clusters/<name>`, `/admin/clusters/<name>/fault` or `/script`. */
function whatOf([root, collection = "", name = "", control = ""]: readonly string[]): string {
  if (root !== "admin") return "";
  if (name === "") return collection;
  if (collection !== "clusters") return "";
  return control === "" ? "cluster" : control;
}

function decode(text: string): Json | undefined {
  try {
    return text === "" ? undefined : (JSON.parse(text) as Json); // what JSON.parse gives is Json
  } catch {
    return undefined;
  }
}

function read<Schema extends TSchema>(
  schema: Schema,
  body: Json | undefined,
): Static<Schema> | undefined {
  return Value.Check(schema, body) ? body : undefined;
}

function summary(host: ClusterHost): JsonObject {
  return {
    name: host.name,
    fault: host.fault === undefined ? null : { ...host.fault },
    counts: countsOf([host]),
  };
}

function dump(host: ClusterHost): JsonObject {
  const { store } = host.cluster();
  const objects = store.resources().flatMap((resource) => store.all(resource));
  return { ...summary(host), objects };
}
