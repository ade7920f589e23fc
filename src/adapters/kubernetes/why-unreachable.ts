/** Why no answer came, in words that a person can act on; never with what the library says, which may hold more. */
import { FleetError } from "../../core/errors.ts";

interface Reason {
  readonly what: string;
  readonly hint: string;
}

const silent = "look whether the cluster runs and can be reached from the worker's machine";
const certificate = "renew the certificate of the API server; nothing is sent to it meanwhile";
const authority = "correct certificate-authority-data in the kubeconfig, or the server's address";

const reasons: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: { what: "refuses connections", hint: silent },
  ECONNRESET: { what: "breaks the connection off", hint: silent },
  EPIPE: { what: "breaks the connection off", hint: silent },
  UND_ERR_SOCKET: { what: "breaks the connection off", hint: silent },
  TimeoutError: { what: "does not answer in time", hint: silent },
  UND_ERR_CONNECT_TIMEOUT: { what: "cannot be connected to in time", hint: silent },
  ETIMEDOUT: { what: "cannot be connected to in time", hint: silent },
  EHOSTUNREACH: { what: "cannot be reached over the network", hint: silent },
  ENETUNREACH: { what: "cannot be reached over the network", hint: silent },
  ENOTFOUND: { what: "has a name that is not known", hint: "correct the server in the kubeconfig" },
  EAI_AGAIN: { what: "has a name that cannot be looked up", hint: "look at the name service" },
  CERT_HAS_EXPIRED: { what: "shows a certificate that has expired", hint: certificate },
  CERT_NOT_YET_VALID: {
    what: "shows a certificate that is not valid yet",
    hint: "look at the clocks of both machines",
  },
  SELF_SIGNED_CERT_IN_CHAIN: { what: "shows a certificate that is not trusted", hint: authority },
  DEPTH_ZERO_SELF_SIGNED_CERT: { what: "shows a certificate that is not trusted", hint: authority },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    what: "shows a certificate that is not trusted",
    hint: authority,
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    what: "shows a certificate that is not trusted",
    hint: authority,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    what: "shows a certificate for another name",
    hint: "correct the server, or tls-server-name, in the kubeconfig",
  },
};

/** A FleetError as it is; anything else as CLUSTER_UNREACHABLE. */
export function whyUnreachable(origin: string, cause: unknown): FleetError {
  if (cause instanceof FleetError) return cause;
  const code = codeOf(cause) ?? codeOf(cause instanceof Error ? cause.cause : undefined);
  const why = code ?? (cause instanceof Error ? cause.name : "no answer");
  const { what, hint } = reasons[why] ?? { what: "gives no whole answer", hint: silent };
  return new FleetError("CLUSTER_UNREACHABLE", `${origin} ${what} (${why})`, { cause, hint });
}

/** Whether a request ended only because its time was over. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

/** undici's and Node's errors carry a code. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
