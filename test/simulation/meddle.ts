/** What people and other tools do to a cluster behind Flotilla's back. */
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import type { SimSite } from "./cluster-connection.ts";
import { otherTool } from "./fleet-files.ts";
import { ownerOf } from "./live-object.ts";
import { startAt } from "./virtual-time.ts";

const ways = {
  /** Somebody deletes it. */
  delete: { method: "DELETE", contentType: "application/json", manager: "", data: undefined },
  /** Somebody changes a value. */
  edit: {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    manager: "kubectl-edit",
    data: { version: "edited" },
  },
  /** Another tool applies it as its own, by force. */
  seize: {
    method: "PATCH",
    contentType: "application/apply-patch+yaml",
    manager: otherTool,
    data: { version: "other", more: "1" },
  },
} as const;

/** Takes the shared object away where an app that the fleet has no more has left it: another may wait for it. */
export function clearShared(site: SimSite, isKnown: (app: string) => boolean, now: number): void {
  const [shared] = [...site.cluster.store.all("configmaps")].filter(
    ({ metadata }) => metadata.name === "shared",
  );
  const owner = shared === undefined ? undefined : ownerOf(shared);
  if (owner === undefined || isKnown(owner)) return;
  const request = {
    method: "DELETE",
    path: "/api/v1/namespaces/default/configmaps/shared",
    query: new URLSearchParams(),
    accept: "application/json",
    contentType: "application/json",
    userAgent: "somebody",
    body: undefined,
  };
  handleRequest(site.cluster, request, startAt + Math.floor(now));
}

/** Does it to the settings of an app. */
export function meddle(
  site: SimSite,
  { app, how = "delete" }: { readonly app: string; readonly how?: "delete" | "edit" | "seize" },
  now: number,
): void {
  const { method, contentType, manager, data } = ways[how];
  const metadata = { name: "settings", namespace: app };
  const request = {
    method,
    path: `/api/v1/namespaces/${app}/configmaps/settings`,
    query: new URLSearchParams({
      ...(manager !== "" && { fieldManager: manager }),
      ...(how === "seize" && { force: "true" }),
    }),
    accept: "application/json",
    contentType,
    userAgent: "somebody",
    body: data === undefined ? undefined : { apiVersion: "v1", kind: "ConfigMap", metadata, data },
  };
  site.isMeddled = true;
  handleRequest(site.cluster, request, startAt + Math.floor(now));
}
