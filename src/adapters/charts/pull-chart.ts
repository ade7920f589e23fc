/** Fetches a packed chart, from an HTTP repository or an OCI registry. VENDOR_FAILED where there is none. */
import type { IncomingHttpHeaders } from "node:http";
import { FleetError } from "../../core/errors.ts";
import { isJsonObject, type Json } from "../../core/model/json.ts";
import type { ChartOrigin } from "../../core/model/kinds/vendored.ts";
import { withoutUrlSecrets } from "../../core/model/short-text.ts";
import { chartVersions, parseData } from "./chart-index.ts";
import { download, requireDigest } from "./download.ts";
import type { TarFile } from "./read-tar.ts";
import { isLoopback, safeUrl } from "./safe-url.ts";
import { unpackChart } from "./unpack-chart.ts";

const maxIndex = 64 * 1024 * 1024;
const maxManifest = 4 * 1024 * 1024;
const maxChart = 32 * 1024 * 1024;

/** The files of a chart. */
export async function pullChart(
  origin: ChartOrigin,
  signal?: AbortSignal,
): Promise<readonly TarFile[]> {
  const isOci = origin.repository.startsWith("oci://");
  const packed = await (isOci ? fromRegistry(origin, signal) : fromRepository(origin, signal));
  return unpackChart(packed, `${origin.name}-${origin.version}.tgz`);
}

async function fromRepository(origin: ChartOrigin, signal?: AbortSignal): Promise<Buffer> {
  const { repository, name, version } = origin;
  const base = safeUrl(repository.endsWith("/") ? repository : `${repository}/`);
  const index = await download(safeUrl("index.yaml", base).href, { maxBytes: maxIndex, signal });
  const { url, digest } = findChart(index.bytes.toString("utf8"), origin);
  const { bytes } = await download(safeUrl(url, base).href, { maxBytes: maxChart, signal });
  if (digest !== undefined) requireDigest(bytes, digest, `${name} ${version}`);
  return bytes;
}

function findChart(
  index: string,
  { repository, name, version }: ChartOrigin,
): { url: string; digest: string | undefined } {
  const versions = chartVersions(index, name);
  if (versions === undefined) {
    throw notThere(
      `what ${withoutUrlSecrets(repository)} gives as index.yaml is no index of charts, or too large`,
    );
  }
  const found = versions.filter(isJsonObject).find((entry) => entry["version"] === version);
  const urls = found?.["urls"];
  const url: unknown = Array.isArray(urls) ? urls[0] : undefined;
  if (typeof url !== "string")
    throw notThere(`${withoutUrlSecrets(repository)} has no chart ${name} ${version}`);
  const digest = found?.["digest"] === "" ? undefined : found?.["digest"];
  return { url, digest: typeof digest === "string" ? digest.replace(/^sha256:/, "") : undefined };
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const chartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

async function fromRegistry(origin: ChartOrigin, signal?: AbortSignal): Promise<Buffer> {
  const { repository, name, version } = origin;
  const { host, hostname, pathname } = safeUrl(repository.replace(/^oci:/, "https:"));
  const path = `${pathname.replaceAll(/^\/+|\/+$/g, "")}/${name}`.replace(/^\//, "");
  const root = `${isLoopback(hostname) ? "http" : "https"}://${host}/v2/${path}`;
  // A tag has no `+`: Helm writes `_` for it.
  const url = `${root}/manifests/${version.replaceAll("+", "_")}`;
  const accept = { accept: manifestType };
  const first = await download(url, {
    maxBytes: maxManifest,
    headers: accept,
    signal,
    statuses: [401],
  });
  const token = first.status === 401 ? await anonymousToken(first.headers, signal) : undefined;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const manifest =
    token === undefined
      ? first
      : await download(url, { maxBytes: maxManifest, headers: { ...accept, ...headers }, signal });
  const digest = chartDigest(parseData(manifest.bytes.toString("utf8")));
  if (digest === undefined)
    throw notThere(`${withoutUrlSecrets(repository)} holds no chart ${name} ${version}`);
  const { bytes } = await download(`${root}/blobs/sha256:${digest}`, {
    maxBytes: maxChart,
    headers,
    signal,
  });
  requireDigest(bytes, digest, `${name} ${version}`);
  return bytes;
}

function chartDigest(manifest: Json | undefined): string | undefined {
  const layers = isJsonObject(manifest) ? manifest["layers"] : undefined;
  const list = Array.isArray(layers) ? (layers as readonly Json[]) : []; // isArray loses the type of items
  const layer = list.filter(isJsonObject).find((each) => each["mediaType"] === chartType);
  const digest = layer?.["digest"];
  return typeof digest === "string" ? /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1] : undefined;
}

/** Registries hand a token to anybody for what anybody may read. */
async function anonymousToken(headers: IncomingHttpHeaders, signal?: AbortSignal): Promise<string> {
  const challenge = headers["www-authenticate"] ?? "";
  const field = (name: string): string | undefined =>
    new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = field("realm");
  if (!/^bearer /i.test(challenge) || realm === undefined) {
    throw notThere("the registry wants to know who asks");
  }
  const url = safeUrl(realm);
  for (const name of ["service", "scope"]) {
    const value = field(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const { bytes } = await download(url.href, { maxBytes: maxManifest, signal });
  const answer = parseData(bytes.toString("utf8"));
  const token = isJsonObject(answer) ? (answer["token"] ?? answer["access_token"]) : undefined;
  if (typeof token !== "string") throw notThere("the registry gives nobody a token");
  return token;
}

function notThere(message: string): FleetError {
  const hint = "only public charts are fetched; put others into the repository by hand";
  return new FleetError("VENDOR_FAILED", message, { hint, retry: "never" });
}
