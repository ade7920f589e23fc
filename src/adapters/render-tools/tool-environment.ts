import { join } from "node:path";

/**
 * The environment of a tool: folders of its own, no programs to be found (git, plugins), no cluster, and a proxy that does
 * not answer.
 */
export function toolEnvironment(folder: string, zoneFile = ""): Record<string, string> {
  const home = join(folder, "home");
  const nowhere = "http://127.0.0.1:1";
  return {
    HOME: home,
    TMPDIR: home,
    PATH: "",
    LC_ALL: "C",
    // A run is short: looking for garbage oftener is a quarter of its time. Where it grows, it is looked for after all.
    GOGC: "400",
    GOMEMLIMIT: "1GiB",
    TZ: zoneFile === "" ? "UTC" : zoneFile,
    KUBECONFIG: "/dev/null",
    KUBERC: "off",
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
    HELM_PLUGINS: join(home, "plugins"),
    HELM_NO_PLUGINS: "1",
    KUSTOMIZE_PLUGIN_HOME: join(home, "kustomize-plugins"),
    GIT_ALLOW_PROTOCOL: "none",
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    http_proxy: nowhere,
    https_proxy: nowhere,
    NO_PROXY: "",
    no_proxy: "",
  };
}

/** A little more than a year: another year, day, hour, minute and second. */
const farAheadSeconds = 400 * 86_400 + 3600 + 61;

/**
 * A time zone file (TZif) far ahead of UTC. The second rendering runs in it, so that what prints the time of day prints
 * something else, however coarsely.
 */
export function farAheadZone(): Buffer {
  const header = Buffer.alloc(44);
  header.write("TZif", 0, "latin1");
  header.writeUInt32BE(1, 36); // one type of local time
  header.writeUInt32BE(4, 40); // bytes of its name
  const type = Buffer.alloc(6);
  type.writeInt32BE(farAheadSeconds, 0);
  return Buffer.concat([header, type, Buffer.from("FAR\0", "latin1")]);
}
