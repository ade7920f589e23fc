/** The part of the controller's config that says who may call its API. */
import { type Static, Type } from "typebox";
import { FilePath } from "../runtime/read-config.ts";

const closed = { additionalProperties: false } as const;

const Groups = (role: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), { description: `groups whose members may ${role}` }),
  );

const OidcConfig = Type.Object(
  {
    issuer: Type.String({
      minLength: 1,
      description: "URL of the OpenID Connect issuer, exactly as its tokens name it",
    }),
    audience: Type.String({
      minLength: 1,
      description: "the audience that a token must be made for: the client id of Flotilla there",
    }),
    nameClaim: Type.Optional(
      Type.String({
        minLength: 1,
        description: "the claim that names the caller in decisions (default sub)",
      }),
    ),
    groupsClaim: Type.Optional(
      Type.String({
        minLength: 1,
        description: "the claim that holds the caller's groups, a text or a list (default groups)",
      }),
    ),
    roles: Type.Object(
      {
        view: Groups("look"),
        operate: Groups("also decide on rollouts"),
        admin: Groups("do everything"),
      },
      {
        ...closed,
        minProperties: 1,
        description: "which groups have which role; the highest counts",
      },
    ),
  },
  { ...closed, description: "callers with a JSON Web Token of an OpenID Connect issuer" },
);
export type OidcConfig = Static<typeof OidcConfig>;

export const AccessConfig = Type.Object(
  {
    tokensFile: Type.Optional(
      FilePath("file with name, role and hash of each token; read again when it changes"),
    ),
    oidc: Type.Optional(OidcConfig),
  },
  { ...closed, description: "who may call the API, besides the API token on this machine" },
);
export type AccessConfig = Static<typeof AccessConfig>;

export const TlsConfig = Type.Object(
  {
    certFile: FilePath("PEM file with the certificate and those up to its authority"),
    keyFile: FilePath("PEM file with the certificate's private key, without a passphrase"),
  },
  { ...closed, description: "serve HTTPS (TLS 1.2 or newer); read again when the files change" },
);
export type TlsConfig = Static<typeof TlsConfig>;
