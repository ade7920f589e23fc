/** Packed charts, and a server on loopback that is both a chart repository (`/charts/`) and an OCI registry. */
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** One entry of an archive; `type` other than "0": a link (`2`), a device, … */
export interface TarEntry {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly type?: string;
  /** Where a link leads. */
  readonly to?: string;
}

/** A .tgz with these entries. */
export function packTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? "");
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return [tarHeader(entry, content.length), content, padding];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function tarHeader({ path, type = "0", to = "" }: TarEntry, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write("0000644\0", 100);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(to, 157, 100);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** A chart of a name and version with one ConfigMap. */
export function packedChart(name: string, version: string, more: readonly TarEntry[] = []): Buffer {
  return packTar([
    { path: `${name}/Chart.yaml`, content: `apiVersion: v2\nname: ${name}\nversion: ${version}\n` },
    {
      path: `${name}/templates/settings.yaml`,
      content: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }}-${name} }\n`,
    },
    ...more,
  ]);
}

export interface ChartServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** `oci://127.0.0.1:<port>/charts` */
  readonly oci: string;
  /** By `<name>-<version>`; changed by tests. */
  readonly charts: Map<string, Buffer>;
  /** Where paths are redirected to; changed by tests. */
  readonly redirects: Map<string, string>;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Resolves when a path is asked for; `/hang` is never answered. */
  whenAsked(path: string): Promise<void>;
  /** What the server calls the encoding of the charts; changed by tests. */
  encoding: string | undefined;
  /** Digest that the index tells instead of the right one. */
  wrongDigest: string | undefined;
  close(): Promise<void>;
}

export async function startChartServer(): Promise<ChartServer> {
  const charts = new Map<string, Buffer>();
  const asked: string[] = [];
  const paths = new EventEmitter();
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    paths.emit(request.url ?? "");
    if (request.url !== "/hang") answer(state, request, response);
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
  const state: ChartServer = {
    url: `http://${host}`,
    oci: `oci://${host}/charts`,
    charts,
    redirects: new Map(),
    asked,
    whenAsked: async (path) => void (await once(paths, path)),
    encoding: undefined,
    wrongDigest: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return state;
}

const sha256 = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");

function answer(server: ChartServer, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", server.url);
  const send = (body: Buffer | string): void => void response.end(body);
  const location = server.redirects.get(pathname);
  if (location !== undefined) return void response.writeHead(302, { location }).end();
  if (pathname === "/charts/index.yaml") return send(indexOf(server));
  if (pathname === "/token") {
    return send(JSON.stringify({ token: `for ${searchParams.get("scope") ?? ""}` }));
  }
  const packed = /^\/charts\/(.+)\.tgz$/.exec(pathname)?.[1];
  const found = packed === undefined ? undefined : server.charts.get(packed);
  if (found !== undefined) return sendChart(server, response, found);
  if (pathname.startsWith("/v2/charts/")) return answerRegistry(server, request, response);
  response.writeHead(404).end("no");
}

function sendChart({ encoding }: ChartServer, response: ServerResponse, packed: Buffer): void {
  if (encoding !== undefined) response.setHeader("content-encoding", encoding);
  response.end(packed);
}

function indexOf({ charts, wrongDigest }: ChartServer): string {
  const entries: Record<string, object[]> = {};
  for (const [id, bytes] of charts) {
    const [, name = "", version = ""] = /^(.+?)-(\d.*)$/.exec(id) ?? [];
    const entry = { version, urls: [`${id}.tgz`], digest: wrongDigest ?? sha256(bytes) };
    (entries[name] ??= []).push(entry);
  }
  return JSON.stringify({ apiVersion: "v1", entries });
}

/** A registry that hands its tokens to anybody, and wants one. */
function answerRegistry(
  server: ChartServer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = new URL(request.url ?? "/", server.url).pathname.slice("/v2/charts/".length);
  const [name = "", kind, reference = ""] = path.split("/");
  const scope = `repository:charts/${name}:pull`;
  if (request.headers.authorization !== `Bearer for ${scope}`) {
    const challenge = `Bearer realm="${server.url}/token",service="test",scope="${scope}"`;
    response.writeHead(401, { "www-authenticate": challenge }).end("{}");
    return;
  }
  const blobs = [...server.charts].filter(([id]) => id.startsWith(`${name}-`));
  const tagged = server.charts.get(`${name}-${reference.replace("_", "+")}`);
  if (kind === "manifests" && tagged !== undefined) {
    const mediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    const layers = [{ mediaType, digest: `sha256:${sha256(tagged)}`, size: tagged.length }];
    response.end(JSON.stringify({ schemaVersion: 2, layers }));
    return;
  }
  const blob = blobs.find(([, bytes]) => reference === `sha256:${sha256(bytes)}`)?.[1];
  if (kind === "blobs" && blob !== undefined) sendChart(server, response, blob);
  else response.writeHead(404).end("no");
}
