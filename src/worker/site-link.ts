import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { writerOf } from "../core/apply/inventory.ts";
import { systemNamespace } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { UnansweredError, isApiError } from "../adapters/kubernetes/api-error.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { StateStore } from "./state-store.ts";
import { forgetTold } from "./told-notes.ts";

/** The way to one site's cluster: whether it answers, and whether it is still the cluster it was. */
export interface SiteLink {
  readonly client: ClusterClient;
  /**
   * Makes sure that this is the site's cluster, asking it only when that may have changed or was longer ago than
   * `maxAgeMs`. CLUSTER_CHANGED: nothing may be written. CLUSTER_UNREACHABLE and CLUSTER_AUTH open the breaker.
   */
  verify(options: { readonly signal: AbortSignal; readonly maxAgeMs?: number }): Promise<void>;
  /** Others may have had the site meanwhile: before anything else its cluster is asked who it is, and who writes there. */
  doubt(): void;
  /** Tells the link how a request ended, so that it knows whether the cluster answers. */
  noteFailure(error: unknown): void;
  /** True while the cluster does not answer, or is another one: only probes may be sent. */
  isBroken(): boolean;
  /** It has said who it is, and nothing has failed since: before that nothing but this question is sent. */
  hasAnswered(): boolean;
  /** A request failed so that the whole cluster may be ill: it is to be asked who it is before anything else. */
  isSuspected(): boolean;
  /** For the site's report. `offlineForMs` 0 while it says who it is, and is the one that it was. */
  facts(): { readonly uid: string | null; readonly offlineForMs: number; readonly message: string };
}

/** What a link needs besides the client. */
export interface SiteLinkOptions {
  readonly site: string;
  readonly client: ClusterClient;
  readonly store: StateStore;
  readonly clock: Clock;
  /** Names the site in each line. */
  readonly logger: Logger;
  /** The uid that the mirror's meta names. */
  readonly expectedUid: () => string | undefined;
  /** The uid that it had before it was forgotten, as the meta says; its cluster may be another one now. */
  readonly formerUid: () => string | undefined;
  /** The mirror that this worker follows. */
  readonly mirror: string;
  /** Whether a site of this worker is in the mirror, or still being written to. */
  readonly isHeld: (site: string) => boolean;
}

/** `met/<site>` in the store: the cluster that was found to be nobody else's when the site came to this worker's mirror. */
export const metPrefix = "met/";

/** A link that knows nothing of its cluster yet. */
export function createSiteLink(options: SiteLinkOptions): SiteLink {
  return new Link(options);
}

class Link implements SiteLink {
  readonly client: ClusterClient;
  readonly #options: SiteLinkOptions;
  #verified: { generation: number; at: number; uid: string } | undefined;
  #failure: { since: number; error: FleetError } | undefined;
  #hasAnswered = false;
  #isSuspected = false;

  constructor(options: SiteLinkOptions) {
    this.#options = options;
    this.client = options.client;
    const never = new AbortController().signal;
    this.client.onUnpinned((signal) => this.verify({ signal: signal ?? never, maxAgeMs: 0 }));
  }

  async verify(options: { readonly signal: AbortSignal; readonly maxAgeMs?: number }) {
    if (this.#isFresh(options.maxAgeMs ?? Number.POSITIVE_INFINITY)) return;
    try {
      await this.#check(options.signal);
    } catch (error) {
      // A cluster that does not even say who it is cannot be worked with, whatever the reason.
      if (!options.signal.aborted && error instanceof FleetError) this.#open(error);
      throw error;
    }
  }

  #isFresh(maxAgeMs: number): boolean {
    const { clock, expectedUid } = this.#options;
    const verified = this.#verified;
    return (
      verified !== undefined &&
      !this.#isSuspected &&
      verified.generation === this.client.generation() &&
      clock.monotonic() - verified.at <= maxAgeMs &&
      (expectedUid() ?? verified.uid) === verified.uid
    );
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { site, store, clock, expectedUid } = this.#options;
    const identity = await this.client.identity(signal);
    const { uid, generation } = identity;
    const known = store.siteUid(site) ?? undefined;
    const wanted = [known, expectedUid()].find((one) => one !== undefined && one !== uid);
    if (wanted !== undefined) throw changed(site, wanted, uid);
    // Another cluster at the same address serves other kinds.
    if (this.#verified === undefined) this.client.forgetKinds();
    await this.#meet(uid, signal);
    if (known === undefined) this.#take(uid);
    if (store.value(metPrefix + site) !== uid) store.setValue(metPrefix + site, uid);
    this.client.pin(identity);
    this.#verified = { generation, at: clock.monotonic(), uid };
    this.#close();
    this.#isSuspected = false;
    this.#hasAnswered = true;
  }

  /**
   * Where the controller does not know the cluster, it may have forgotten that another mirror has the site, whose worker
   * then writes there still: what that one has written says so.
   */
  async #meet(uid: string, signal: AbortSignal): Promise<void> {
    const { site, store, mirror, expectedUid, formerUid } = this.#options;
    if ([store.value(metPrefix + site), expectedUid(), formerUid()].includes(uid)) return;
    const place = { apiVersion: "v1", kind: "ConfigMap", namespace: systemNamespace };
    const inventories = await this.client.list({ ...place, metadataOnly: true, signal });
    const writers = inventories.map(writerOf);
    const other = writers.find((writer) => writer !== "" && writer !== mirror);
    if (other !== undefined) throw served(site, { uid, other, mirror });
  }

  /**
   * The first contact. Two sites of one cluster would take each other's objects for their own, and delete them; but a
   * site that the mirror no longer has may have got another name: what it had is then read from the cluster.
   */
  #take(uid: string): void {
    const { site, store, isHeld } = this.#options;
    const holders = store.sitesWithUid(uid).filter((other) => other !== site);
    const holder = holders.find((other) => isHeld(other));
    if (holder !== undefined) throw taken(site, holder);
    for (const old of holders) {
      store.forgetSite(old);
      forgetTold(store, old);
    }
    store.setSiteUid(site, uid);
  }

  doubt(): void {
    this.#verified = undefined;
    this.#hasAnswered = false;
  }

  noteFailure(error: unknown): void {
    if (!(error instanceof FleetError)) return;
    if (breaks(error)) this.#open(error);
    else if (error.code === "CLUSTER_UNREACHABLE") this.#isSuspected = true;
  }

  #open(error: FleetError): void {
    const { clock, logger } = this.#options;
    const [reason, told] = [describe(error), this.#failure && describe(this.#failure.error)];
    if (reason !== told) logger.warn("the cluster cannot be worked with", { reason });
    this.#failure = { since: this.#failure?.since ?? clock.monotonic(), error };
    this.#verified = undefined;
  }

  #close(): void {
    const { clock, logger } = this.#options;
    if (this.#failure === undefined) return;
    const awayMs = Math.round(clock.monotonic() - this.#failure.since);
    this.#failure = undefined;
    logger.info("the cluster can be worked with again", { awayMs });
  }

  isBroken(): boolean {
    return this.#failure !== undefined;
  }

  hasAnswered(): boolean {
    return this.#hasAnswered && this.#failure === undefined;
  }

  isSuspected(): boolean {
    return this.#isSuspected;
  }

  facts(): { uid: string | null; offlineForMs: number; message: string } {
    const { site, store, clock } = this.#options;
    const failure = this.#failure;
    const uid = this.#verified?.uid ?? store.value(metPrefix + site);
    if (failure === undefined) return { uid, offlineForMs: 0, message: "" };
    // Whether it is silent, refuses to say who it is, or is another one: nothing is heard of the site's cluster.
    const offlineForMs = clock.monotonic() - failure.since;
    return { uid, offlineForMs, message: describe(failure.error) };
  }
}

/** Failures of the whole cluster, not of one request. */
function breaks(error: FleetError): boolean {
  if (error.code === "CLUSTER_CHANGED" || error.code === "CLUSTER_AUTH") return true;
  const isOfOneRequest = isApiError(error) || error instanceof UnansweredError;
  return error.code === "CLUSTER_UNREACHABLE" && !isOfOneRequest;
}

function taken(site: string, holder: string): FleetError {
  return new FleetError(
    "CLUSTER_CHANGED",
    `the cluster of site ${site} is already site ${holder}`,
    {
      retry: "never",
      hint: "nothing is written there as this site; correct the kubeconfig, or register the cluster once",
    },
  );
}

function served(
  site: string,
  { uid, other, mirror }: { uid: string; other: string; mirror: string },
): FleetError {
  return new FleetError(
    "CLUSTER_CHANGED",
    `the cluster of site ${site} (uid ${uid}) was served by mirror ${other}, and the controller does not know that ${mirror} has it now`,
    {
      retry: "never",
      hint: `nothing is written there: start the worker of ${other}, which tells the controller what it has; where it is gone for good, or runs and has let this cluster go (a site of another name had it, say), \`flotilla rollout excuse --site ${site} --uid ${uid} --why TEXT\``,
    },
  );
}

function changed(site: string, wanted: string, found: string): FleetError {
  return new FleetError(
    "CLUSTER_CHANGED",
    `the cluster of site ${site} is another one: kube-system has the uid ${found}, not ${wanted}`,
    {
      retry: "never",
      hint: "nothing is written there; correct the kubeconfig, or register the cluster as a new site",
    },
  );
}

/** The condition, what a person can do, and what ends it: the same words until then, so that it is told once. */
function describe(error: FleetError): string {
  const hint = error.hint === undefined ? "" : `; ${error.hint}`;
  const ends =
    error.retry === "never"
      ? ""
      : "; it is asked again and again who it is, and all goes on by itself once it says so";
  return `${error.code}: ${error.message}${hint}${ends}`;
}
