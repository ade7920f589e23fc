import { describe, expect, it } from "vitest";
import { redact, redactText } from "../../src/runtime/redact.ts";
import { cpuTime } from "../support/cpu-time.ts";
import { namesSecret } from "../../src/runtime/secret-names.ts";

describe("a name", () => {
  it.each(
    "password DB_PASSWORD dbPassword DB_PASS dbPass pass MYSQL_PWD pwd passphrase SSH_PASSPHRASE token apiKey API_KEY api-key ENCRYPTION_KEY encryptionKey MY_KEY tls-key private_key privateKey accessKey AWS_SECRET_ACCESS_KEY connectionString CONNECTION_STRING DSN SENTRY_DSN dbDsn clientSecret cookie credentials requirepass keyData MYSQLPASS".split(
      " ",
    ),
  )("%s is that of a secret", (name) => {
    expect(namesSecret(name)).toBe(true);
  });

  it.each(
    "key keyRef secretKeyRef configMapKeyRef publicKey PUBLIC_KEY public-key topologyKey PARTITION_KEY primaryKey monkey passthrough tlsPassthrough bypass BYPASS compass passes secretName tokenFile imagePullSecrets accessKeyId AWS_ACCESS_KEY_ID keys turkey replicas image".split(
      " ",
    ),
  )("%s is not", (name) => {
    expect(namesSecret(name)).toBe(false);
  });
});

const canary = "Zq8canary77x";

describe("a text", () => {
  it.each([
    `password=${canary}`,
    `DB_PASS=${canary} next`,
    `Server=db;Uid=me;Pwd=${canary};`,
    `private_key=${canary}`,
    `ENCRYPTION_KEY: ${canary}`,
    `Connection String: ${canary}`,
    `dsn=${canary}`,
    `{"password":"${canary}"}`,
    String.raw`{\"password\":\"${canary}\"}`,
    String.raw`{\\\"apiKey\\\": \\\"${canary}\\\"}`,
    String.raw`admission webhook denied {\"spec\":{\"token\": \"${canary}\", \"a\": 1}}`,
    `{"name":"DB_PASS","value":"${canary}"}`,
    String.raw`{\"name\":\"MYSQL_PWD\",\"value\":\"${canary}\"}`,
    `Authorization: Bearer ${canary}`,
    `authorization=Basic ${canary}`,
    `"Authorization": "${canary}"`,
    `tool --password ${canary} --verbose`,
    `["--db-pass", "${canary}"]`,
    `admin:${canary}@tcp(db:3306)/shop`,
    `root:${canary}@db.example:5432`,
    `postgres://admin:${canary}@db/shop`,
    `spec.password: Invalid value: "${canary}": too short`,
    `password="${canary}`,
    `mongodb+srv://user:p@ss-${canary}@host/shop`,
    `https://u:@${canary}@@x@host`,
    `root:pa@${canary}@tcp(db:3306)/shop`,
    `root:p@@${canary}@db.example`,
    `root:@${canary}@db.example`,
    `error: cannot log in: password=${canary}`,
    `tool --password=${canary}`,
    `tool -password=${canary} x`,
    `["serve","--db-password=${canary}"]`,
    `OPTS="--token=${canary} --verbose"`,
    `create --from-literal=password=${canary}`,
    `spec.password: Unsupported value: "${canary}": supported values: "a", "b"`,
    `spec.tokens[1]: Duplicate value: "${canary}"`,
    `spec.tokens[1]: Not found: "${canary}"`,
    `spec.apiKeys[1]: Invalid value: "${canary}": too short`,
    `spec.users[0].password: Invalid value: "${canary}": too short`,
    `manager tuner owns .spec.tokens[="${canary}"], .spec.password[="${canary}"]`,
    `.spec.password: "${canary}"`,
    `https://acme.blob.example/c?sv=2020&sig=${canary}&se=1`,
    `https://acme.s3.example/b?X-Amz-Signature=${canary}`,
  ])("tells no secret: %s", (text) => {
    expect(redactText(text)).not.toContain(canary);
    expect(redactText(JSON.stringify(text))).not.toContain(canary);
  });

  it.each(["p", "pw1", "hunter2"])("tells none that is as short as %s behind a =", (secret) => {
    expect(redactText(`password=${secret} next`)).toBe("password=[redacted] next");
    expect(redactText(`Authorization: Bearer ${secret}`)).not.toContain(`Bearer ${secret}`);
  });

  it.each([
    "keyRef=web-config",
    "publicKey: ssh-ed25519",
    "monkey=business tls passthrough=enabled",
    "topologyKey: kubernetes.io/hostname",
    "image registry.example/web:1.2.3@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "git@github.com:acme/fleet.git",
    "see https://example.com/@scope/web@1.2 or npm:@types/node, and ask ada@example.com",
    "Deployment default/web: 1 of 3 ready; Secret default/db is missing",
    "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value",
    'secret "db-password" not found',
    "--token-file /etc/token --replicas 3",
    "--token-file=/etc/db --public-key=/etc/key.pub --topology-key=zone",
    'manager tuner owns .spec.keys[="zone"], .spec.template.spec.containers[name="web"].image',
    'spec.hosts[1]: Duplicate value: "a.example"',
    "spec.containers[0].ports[1].name: Not found",
    "token: no",
  ])("stays as it is where there is none: %s", (text) => {
    expect(redactText(text)).toBe(text);
  });
});

it("looks at a text with many colons and at signs in a time that follows its length", () => {
  const texts = [
    "a:b@",
    ",a:b@,",
    "a://b@",
    ":@",
    "a@",
    "a:",
    "x://",
    "--",
    "..a",
    "a[b]",
    "a[=",
  ].map((part) => part.repeat(1000));
  const took = cpuTime(() => {
    for (let times = 0; times < 20; times += 1) for (const text of texts) redactText(text);
  });
  expect(took).toBeLessThan(1000);
});

describe("data", () => {
  it("tells no argument behind an option that takes a secret", () => {
    expect(redact(["serve", "--password", canary, "--port", "80"])).toEqual([
      "serve",
      "--password",
      "[redacted]",
      "--port",
      "80",
    ]);
    expect(redact({ dbPass: canary, passthrough: "on" })).toEqual({
      dbPass: "[redacted]",
      passthrough: "on",
    });
  });
});
