/** An OpenID Connect issuer on loopback: discovery, keys, and tokens as it would sign them. It ends with the test. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import { onTestFinished } from "vitest";

export interface Issuer {
  readonly url: string;
  /** How often its keys were asked for. */
  asks(): number;
  /** Answers of its own instead of discovery document and key set; status 503 while `away`. */
  answer(changes: { discovery?: unknown; keys?: unknown; away?: boolean }): void;
  /** Makes a key of this id the only one that it publishes. */
  rotate(kid: string, algorithm?: "RS256" | "ES256"): Promise<void>;
  /** A token with the newest key: for audience `flotilla`, five minutes long, unless `claims` say otherwise. */
  sign(claims: JWTPayload, header?: object): Promise<string>;
  /** The key set that it publishes. */
  keys(): { readonly keys: readonly JWK[] };
}

/** `now`: the time at which its tokens are made, wall ms. */
export async function startIssuer(now: () => number): Promise<Issuer> {
  let current: { kid: string; algorithm: string; key: CryptoKey } | undefined;
  let published: JWK[] = [];
  let own: { discovery?: unknown; keys?: unknown; away?: boolean } = {};
  let asks = 0;
  const server = createServer((request, response) => {
    const isKeys = request.url === "/keys";
    if (isKeys) asks += 1;
    const discovery = own.discovery ?? { issuer: url, jwks_uri: `${url}/keys` };
    const body = isKeys ? (own.keys ?? { keys: published }) : discovery;
    response.writeHead(own.away === true ? 503 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const rotate = async (kid: string, algorithm = "RS256"): Promise<void> => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm);
    current = { kid, algorithm, key: privateKey };
    published = [{ ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" }];
  };
  await rotate("first");
  const seconds = (): number => Math.floor(now() / 1000);
  const sign = async (claims: JWTPayload, header: object = {}): Promise<string> => {
    const { kid = "", algorithm = "", key } = current ?? {};
    const standard = { iss: url, aud: "flotilla", sub: "u-1", exp: seconds() + 300 };
    const token = new SignJWT({ ...standard, ...claims });
    return token
      .setProtectedHeader({ alg: algorithm, kid, ...header })
      .sign(key ?? new Uint8Array());
  };
  return {
    url,
    asks: () => asks,
    answer: (changes) => void (own = changes),
    rotate,
    sign,
    keys: () => ({ keys: published }),
  };
}
