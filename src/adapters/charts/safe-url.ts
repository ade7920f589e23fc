import { FleetError } from "../../core/errors.ts";
import { redactText } from "../../runtime/redact.ts";

/** A URL that may be fetched: over TLS, or from this machine. What comes over plain HTTP may be anybody's. VENDOR_FAILED. */
export function safeUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw unfetched(text, "it is no URL");
  const url = new URL(text, base);
  if (url.username !== "" || url.password !== "") {
    throw unfetched(url.href, "it has credentials in it, and only public charts are fetched");
  }
  const isSafe =
    url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  if (!isSafe) throw unfetched(url.href, "only https is fetched, and http from this machine");
  return url;
}

/** True for a name of this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The error for what could not be fetched. */
export function unfetched(url: string, why: string): FleetError {
  const shown = redactText(url.replace(/\?.*$/s, ""));
  return new FleetError("VENDOR_FAILED", `cannot fetch ${shown}: ${why}`, {
    hint: "check the address in `spec.vendor` of the Fleet, and that this machine reaches it",
  });
}
